package org.relay4j.client.interop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.testing.PlainChannel;

/**
 * Our session and, at the other end of a TCP connection, one on hashicorp/yamux.
 *
 * @param session ours
 * @param process the Go program {@code yamuxpeer}
 */
record GoPeer(Session session, GoProcess process) implements AutoCloseable {
    /** What kind of session ours is. */
    enum Kind {
        /** Odd stream ids, served by a loop. */
        CLIENT_ON_LOOP,
        /** Even stream ids, served by a loop. */
        SERVER_ON_LOOP,
        /** Odd stream ids, served by two threads. */
        CLIENT_ON_THREADS,
        /** Even stream ids, served by two threads. */
        SERVER_ON_THREADS;

        private boolean isClient() {
            return this == CLIENT_ON_LOOP || this == CLIENT_ON_THREADS;
        }

        private String roleOfGo() {
            return isClient() ? "server" : "client";
        }

        private Session open(SocketChannel socket, SessionOptions options) throws IOException {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true); // only the loop does that itself
            boolean loop = this == CLIENT_ON_LOOP || this == SERVER_ON_LOOP;
            ByteChannel channel = loop ? socket : new PlainChannel(socket);
            return isClient() ? Session.client(channel, options) : Session.server(channel, options);
        }
    }

    /** The Go program listens and serves the streams that we open. */
    static GoPeer serving(Kind kind, SessionOptions options, List<String> flags) throws Exception {
        GoProcess process = GoProcess.start("yamuxpeer", flags, "-listen", "127.0.0.1:0", "-role", kind.roleOfGo());
        InetAddress loopback = InetAddress.getLoopbackAddress();
        int port = process.number("listening on ");
        SocketChannel socket = SocketChannel.open(new InetSocketAddress(loopback, port));
        return new GoPeer(kind.open(socket, options), process);
    }

    /** The Go program connects to us, opens streams itself and checks what we do with them. */
    static GoPeer driving(Kind kind, SessionOptions options, List<String> flags) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            String address = "127.0.0.1:" + listener.socket().getLocalPort();
            List<String> arguments = new ArrayList<>(flags);
            arguments.add("-drive");
            GoProcess process = GoProcess.start("yamuxpeer", arguments, "-dial", address, "-role", kind.roleOfGo());
            return new GoPeer(kind.open(listener.accept(), options), process);
        }
    }

    @Override
    public void close() {
        session.close();
        process.close();
    }
}
