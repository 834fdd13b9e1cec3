package org.relay4j.yamux;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketImpl;

/** A {@link Socket} whose connection is a stream. */
final class StreamSocket extends Socket {
    private StreamSocket(SocketImpl impl) throws SocketException {
        super(impl);
    }

    static Socket of(Stream stream) {
        return connected(
                new StreamSocketImpl(stream, StreamSocketImpl.UNKNOWN, StreamSocketImpl.UNKNOWN, false),
                StreamSocketImpl.UNKNOWN);
    }

    /** Returns a connected socket with the given addresses that owns the stream. */
    static Socket of(Stream stream, InetSocketAddress local, InetSocketAddress remote) {
        return connected(new StreamSocketImpl(stream, local, remote, true), remote);
    }

    private static Socket connected(SocketImpl impl, InetSocketAddress remote) {
        try {
            StreamSocket socket = new StreamSocket(impl);
            socket.connect(remote); // only sets the state to connected
            return socket;
        } catch (IOException e) {
            throw new IllegalStateException("connecting a stream's socket performs no I/O and cannot fail", e);
        }
    }
}
