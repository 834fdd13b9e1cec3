package org.relay4j.conformance;

/** The outcome of a case. */
enum Verdict {
    PASS("pass"),
    /** A legal deviation from the recommended behaviour. */
    TOLERATED("tolerated"),
    FAIL("FAIL"),
    /** The endpoint's behaviour did not allow the case to be tested. */
    NOT_APPLICABLE("n/a");

    private final String text;

    Verdict(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
