package org.relay4j.api;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A failure to get or keep a tunnel. The subclasses tell what can be done about it. */
public class RelayException extends IOException {
    private static final long serialVersionUID = 1L;

    public RelayException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
