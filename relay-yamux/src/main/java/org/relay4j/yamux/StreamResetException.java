package org.relay4j.yamux;

/**
 * A stream was reset: the data read from it is incomplete, and written data may not have arrived.
 *
 * <pre>{@code
 * Stream stream = session.open();
 * stream.reset();
 * try {
 *     stream.getInputStream().readAllBytes();
 * } catch (StreamResetException e) {
 *     System.err.println("the data is incomplete: " + e.getMessage());
 * }
 * }</pre>
 */
public class StreamResetException extends StreamException {
    private static final long serialVersionUID = 1L;

    private final long code;

    StreamResetException(String message, long code) {
        super(message);
        this.code = code;
    }

    /** Returns the error code that the peer sent with the reset; 0 with nearly all implementations. */
    public long code() {
        return code;
    }
}
