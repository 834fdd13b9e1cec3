package org.relay4j.conformance;

import java.util.Locale;

/** Which end of the session the kit is: it says whose stream ids are odd. */
enum Role {
    CLIENT(1),
    SERVER(2);

    private final int firstId;

    Role(int firstId) {
        this.firstId = firstId;
    }

    /** The first id of the streams that this end opens. */
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
