package org.relay4j.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The transport of a session. */
enum Transport {
    /** A connection within the process: a session with two threads on each end. */
    MEM {
        @Override
        Ends connect() {
            return Pipe.ends();
        }
    },

    /** TCP over loopback: sessions on event loops. */
    TCP {
        @Override
        Ends connect() throws IOException {
            return overTcp();
        }
    },

    /** TLS over blocking TCP over loopback: a session with two threads on each end. */
    TLS {
        @Override
        Ends connect() throws IOException {
            return Tls.over(overTcp());
        }
    };

    /** The two ends of one connection. */
    record Ends(ByteChannel client, ByteChannel server) {}

    /** Returns the transport that the Go program and the options call {@code name}. */
    static Transport of(String name) {
        return switch (name) {
            case "mem" -> MEM;
            case "tcp" -> TCP;
            case "tls" -> TLS;
            default -> throw new IllegalArgumentException("transport is " + name + ", it must be mem, tcp or tls");
        };
    }

    /** Returns the two ends of a new connection. */
    abstract Ends connect() throws IOException;

    private static Ends overTcp() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel client = SocketChannel.open(listener.getLocalAddress());
            SocketChannel server = listener.accept();
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            server.setOption(StandardSocketOptions.TCP_NODELAY, true);
            return new Ends(client, server);
        }
    }
}
