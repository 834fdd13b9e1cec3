package org.relay4j.conformance;

/**
 * A requirement and its source.
 *
 * @param text the requirement, in the words of this kit
 * @param source a section of the specification, or the implementations that need it
 */
record Rule(String text, String source) {
    /** Returns a rule required by a section of the specification. */
    static Rule spec(String section, String text) {
        return new Rule(text, "yamux specification, " + section);
    }

    /** Returns a rule that some implementations need; the specification is silent. */
    static Rule interop(String with, String text) {
        return new Rule(text, "required for interoperability with " + with);
    }

    /** Returns a rule that protects the peer or the users of either end from harm; the specification is silent. */
    static Rule robust(String text) {
        return new Rule(text, "robustness; the yamux specification is silent");
    }
}
