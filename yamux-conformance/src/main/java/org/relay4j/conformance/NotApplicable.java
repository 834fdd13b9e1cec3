package org.relay4j.conformance;

/** The endpoint gave no occasion to find out what a case asks. The message says why. */
final class NotApplicable extends Exception {
    private static final long serialVersionUID = 1L;

    NotApplicable(String why) {
        super(why);
    }
}
