package org.relay4j.yamux;

import java.io.IOException;

/**
 * A failure of one stream. The session and its other streams are not affected.
 *
 * <pre>{@code
 * Stream stream = session.open();
 * stream.shutdownOutput();
 * try {
 *     stream.getOutputStream().write(request);
 * } catch (StreamException e) {
 *     System.err.println("only this stream has failed: " + e.getMessage());
 * }
 * }</pre>
 */
public class StreamException extends IOException {
    private static final long serialVersionUID = 1L;

    StreamException(String message) {
        super(message);
    }
}
