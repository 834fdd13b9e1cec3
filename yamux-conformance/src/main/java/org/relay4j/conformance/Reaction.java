package org.relay4j.conformance;

/**
 * The reaction of an endpoint to a protocol violation by the kit.
 *
 * @param text short description
 */
record Reaction(Kind kind, String text) {
    /** The scope of the reaction. */
    enum Kind {
        NONE,
        STREAM_RESET,
        SESSION_ENDED
    }

    /** Returns the description if the violation was rejected in any way. */
    String rejected() throws Deviation {
        if (kind == Kind.NONE) throw new Deviation("not rejected: " + text);
        return text;
    }
}
