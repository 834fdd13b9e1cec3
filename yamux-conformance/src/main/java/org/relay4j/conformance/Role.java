package org.relay4j.conformance;

import java.util.Locale;

/** The kit's role in the session, which determines the end with odd stream ids. */
enum Role {
    CLIENT(1),
    SERVER(2);

    private final int firstId;

    Role(int firstId) {
        this.firstId = firstId;
    }

    /** Returns the first stream id of this end. */
    int firstId() {
        return firstId;
    }

    Role other() {
        return this == CLIENT ? SERVER : CLIENT;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
