package org.relay4j.conformance;

/**
 * What is demanded, and by whom.
 *
 * @param text the demand, in the words of this kit
 * @param source a section of the specification, or who cannot be talked to otherwise
 */
record Rule(String text, String source) {
    /** Demanded by a section of the specification. */
    static Rule spec(String section, String text) {
        return new Rule(text, "yamux specification, " + section);
    }

    /** The specification is silent, but implementations exist that need it. */
    static Rule interop(String with, String text) {
        return new Rule(text, "required for interoperability with " + with);
    }

    /** The specification is silent, but otherwise one end could do harm to the other, or to its own users. */
    static Rule robust(String text) {
        return new Rule(text, "robustness; the yamux specification is silent");
    }
}
