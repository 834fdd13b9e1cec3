package org.relay4j.yamux.io;

import java.nio.ByteBuffer;

/**
 * The first bytes of a stream, which are for this side and not for the application. Called with the session's lock held, so it must
 * not block or call user code.
 */
public interface StreamHeader {
    /**
     * Consumes bytes of the header, and none after it.
     *
     * @return true if the header is complete; otherwise it has taken all bytes
     * @throws IllegalArgumentException if the bytes are not a header; the message says why
     */
    boolean read(ByteBuffer in);

    /** The stream was reset, because its header is malformed or incomplete. Called at most once. */
    void failed(String why);
}
