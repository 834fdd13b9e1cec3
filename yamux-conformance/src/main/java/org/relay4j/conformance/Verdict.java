package org.relay4j.conformance;

/** What became of a case. */
enum Verdict {
    PASS("pass"),
    /** Different from what it should be, and legal. */
    TOLERATED("tolerated"),
    FAIL("FAIL"),
    /** The endpoint gave no occasion to find out. */
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
