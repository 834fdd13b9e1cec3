package org.relay4j.yamux;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketImpl;

/** A {@link Socket} whose connection is a stream. */
final class StreamSocket extends Socket {
    private StreamSocket(SocketImpl impl) throws SocketException {
        super(impl);
    }

    static Socket of(Stream stream) {
        return of(stream, StreamSocketImpl.UNKNOWN, StreamSocketImpl.UNKNOWN);
    }

    /** A connected socket with the given ends. */
    static Socket of(Stream stream, java.net.InetSocketAddress local, java.net.InetSocketAddress remote) {
        try {
            StreamSocket socket = new StreamSocket(new StreamSocketImpl(stream, local, remote));
            socket.connect(remote); // only turns the state to connected: the implementation has nothing to do
            return socket;
        } catch (IOException e) {
            throw new IllegalStateException("a stream's socket does no input or output to be made", e);
        }
    }
}
