package org.relay4j.yamux;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.socket.AcceptorSocket;

/** A {@link ServerSocket} that accepts the streams of one session. It is created bound, to an unspecified address. */
final class StreamServerSocket extends ServerSocket {
    private final Session session;

    StreamServerSocket(Session session) throws IOException {
        this(session, new AcceptorSocket());
    }

    private StreamServerSocket(Session session, AcceptorSocket socket) throws IOException {
        super(socket);
        this.session = session;
        super.bind(new InetSocketAddress(0), 0); // only sets the state to bound
        socket.onClose(session::closeWhenDone);
    }

    @Override
    public Socket accept() throws IOException {
        if (isClosed()) throw new SocketException("Socket is closed");
        try {
            Stream stream = session.accept(Duration.ofMillis(getSoTimeout()));
            return stream.asSocket(StreamSocketImpl.UNKNOWN, StreamSocketImpl.UNKNOWN);
        } catch (SessionException e) {
            String message = isClosed() ? "Socket closed" : "the session has ended: " + e.getMessage();
            throw (IOException) new SocketException(message).initCause(e);
        }
    }

    /** Does nothing while the socket is open. Servers call it with their configured address. */
    @Override
    public void bind(@Nullable SocketAddress endpoint, int backlog) throws IOException {
        if (isClosed()) throw new SocketException("Socket is closed");
    }

    @Override
    public String toString() {
        return "StreamServerSocket[" + session + "]";
    }
}
