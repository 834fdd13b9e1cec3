package org.relay4j.yamux;

import java.io.IOException;

/** The failure of one stream; the session and its other streams go on. */
public class StreamException extends IOException {
    private static final long serialVersionUID = 1L;

    StreamException(String message) {
        super(message);
    }
}
