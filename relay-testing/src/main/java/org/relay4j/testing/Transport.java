package org.relay4j.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import tlschannel.ClientTlsChannel;
import tlschannel.ServerTlsChannel;
import tlschannel.TlsChannel;

/** The transport of a session in a test. A loop serves the first one, threads serve the others. */
public enum Transport {
    /** TCP over loopback, a {@link SocketChannel}. */
    SOCKET {
        @Override
        public Ends connect() throws IOException {
            List<SocketChannel> ends = sockets();
            return new Ends(ends.get(0), ends.get(1));
        }
    },
    /** TCP over loopback, blocking, and not a {@link SocketChannel}. */
    BLOCKING_SOCKET {
        @Override
        public Ends connect() throws IOException {
            List<SocketChannel> ends = sockets();
            return new Ends(new PlainChannel(ends.get(0)), new PlainChannel(ends.get(1)));
        }
    },
    /** A pipe in memory. */
    MEMORY {
        @Override
        public Ends connect() {
            MemoryPipe[] ends = MemoryPipe.pair(64 * 1024);
            return new Ends(ends[0], ends[1]);
        }
    },
    /** TLS over TCP over loopback. */
    TLS {
        @Override
        public Ends connect() throws IOException {
            List<SocketChannel> ends = sockets();
            TlsChannel ours = ClientTlsChannel.newBuilder(ends.get(0), SelfSigned.context())
                    .build();
            TlsChannel theirs = ServerTlsChannel.newBuilder(ends.get(1), SelfSigned.context())
                    .build();
            // A script may begin with an action of only one end.
            Call<Void> handshake = Call.run(theirs::handshake);
            ours.handshake();
            handshake.result();
            return new Ends(ours, theirs);
        }
    };

    /** The two ends of one connection, both blocking. */
    public record Ends(ByteChannel ours, ByteChannel theirs) {}

    /** Opens a connection. */
    public abstract Ends connect() throws IOException;

    /** Returns true if the scripted end can send a TCP reset. */
    public boolean canReset() {
        return this == SOCKET || this == BLOCKING_SOCKET;
    }

    /** Returns two blocking sockets that are connected over loopback. */
    public static List<SocketChannel> sockets() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel one = SocketChannel.open(listener.getLocalAddress());
            SocketChannel other = listener.accept();
            // On both ends, because delayed acknowledgements would slow down scripts that send small pieces.
            one.setOption(StandardSocketOptions.TCP_NODELAY, true);
            other.setOption(StandardSocketOptions.TCP_NODELAY, true);
            return List.of(one, other);
        }
    }
}
