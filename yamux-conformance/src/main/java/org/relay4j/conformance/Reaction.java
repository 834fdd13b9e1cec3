package org.relay4j.conformance;

/**
 * What an endpoint did about a fault of the kit.
 *
 * @param text in a few words
 */
record Reaction(Kind kind, String text) {
    /** How far it went. */
    enum Kind {
        NONE,
        STREAM_RESET,
        SESSION_ENDED
    }

    /** The text when the fault was rejected in one way or another. */
    String rejected() throws Deviation {
        if (kind == Kind.NONE) throw new Deviation("not rejected: " + text);
        return text;
    }
}
