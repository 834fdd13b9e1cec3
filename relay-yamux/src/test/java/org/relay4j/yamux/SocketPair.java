package org.relay4j.yamux;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.relay4j.testing.Transport;

/** Two sockets connected with each other: real ones, which say what is right, or those of a stream. */
final class SocketPair implements AutoCloseable {
    /** What the sockets are. */
    enum Kind {
        TCP,
        STREAM_ON_LOOP,
        STREAM_ON_THREADS
    }

    final Socket here;
    final Socket there;
    private final AutoCloseable carrier;

    private SocketPair(Socket here, Socket there, AutoCloseable carrier) {
        this.here = here;
        this.there = there;
        this.carrier = carrier;
    }

    static SocketPair of(Kind kind) throws IOException {
        if (kind == Kind.TCP) return tcp();
        SessionPair sessions = SessionPair.over(kind == Kind.STREAM_ON_LOOP ? Transport.SOCKET : Transport.MEMORY);
        SessionPair.StreamPair stream = sessions.open();
        InetSocketAddress near = new InetSocketAddress("192.0.2.1", 4000);
        InetSocketAddress far = new InetSocketAddress("192.0.2.2", 5000);
        return new SocketPair(stream.here().asSocket(near, far), stream.there().asSocket(far, near), sessions);
    }

    private static SocketPair tcp() throws IOException {
        ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket here = new Socket(listener.getInetAddress(), listener.getLocalPort());
        return new SocketPair(here, listener.accept(), listener);
    }

    @Override
    public void close() throws IOException {
        here.close();
        there.close();
        try {
            carrier.close();
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
