package org.relay4j.yamux;

import java.io.IOException;

/**
 * The failure of one stream; the session and its other streams go on.
 *
 * <pre>{@code
 * Stream stream = session.open();
 * stream.shutdownOutput();
 * try {
 *     stream.getOutputStream().write(request);
 * } catch (StreamException e) {
 *     System.err.println("this stream alone has failed: " + e.getMessage());
 * }
 * }</pre>
 */
public class StreamException extends IOException {
    private static final long serialVersionUID = 1L;

    StreamException(String message) {
        super(message);
    }
}
