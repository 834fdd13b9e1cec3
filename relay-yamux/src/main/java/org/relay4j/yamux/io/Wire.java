package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The connection under a session, as its driver sees it: plain TCP, or TLS over it. Never blocks when its channel does not.
 * Not safe for use by several threads; a driver uses it with the session lock held.
 */
public interface Wire {
    /** The socket, for the selector. Only the wire reads and writes it. */
    SocketChannel channel();

    /**
     * Reads available input.
     *
     * @return the number of bytes, 0 if none have arrived, -1 if the peer sends no more
     */
    int read(ByteBuffer to) throws IOException;

    /** Returns true while {@link #read} may return bytes that the selector does not report. */
    boolean hasInput();

    /**
     * Takes bytes to be sent. Fewer than {@code from} holds means that the socket is full: the caller waits until it is
     * writable.
     *
     * @return the number of bytes taken
     */
    int write(ByteBuffer from) throws IOException;

    /** Sends bytes that were taken and have not reached the socket. False if the socket is full. */
    boolean flush() throws IOException;

    /** Ends our direction. False if the socket is full: to be called again when it is writable. */
    boolean shutdownOutput() throws IOException;

    /**
     * Reads and discards input without processing it, for a session that has ended.
     *
     * @param scratch overwritten
     * @return the number of bytes that have left the socket, -1 if the peer sends no more
     */
    int discard(ByteBuffer scratch) throws IOException;

    /** Returns the window that a busy stream needs on a short path, in bytes; 0 means that the smallest one is enough. */
    default int nearbyWindow() {
        return 0;
    }

    /** Returns all memory and closes the socket. */
    void close();
}
