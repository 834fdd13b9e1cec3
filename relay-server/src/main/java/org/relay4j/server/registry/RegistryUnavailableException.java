package org.relay4j.server.registry;

import org.jspecify.annotations.Nullable;

/** The store has not answered in time, or cannot be reached. A transaction may have been made nevertheless. */
public class RegistryUnavailableException extends RegistryException {
    private static final long serialVersionUID = 1;
    private final boolean outcomeKnown;

    /** @param outcomeKnown true if the request certainly had no effect, because it was never sent or was refused */
    public RegistryUnavailableException(String message, @Nullable Throwable cause, boolean outcomeKnown) {
        super(message, cause);
        this.outcomeKnown = outcomeKnown;
    }

    /** Returns true if the request certainly had no effect. If not, the outcome is found by reading. */
    public boolean isOutcomeKnown() {
        return outcomeKnown;
    }
}
