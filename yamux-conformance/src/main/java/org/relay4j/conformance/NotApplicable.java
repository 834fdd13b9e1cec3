package org.relay4j.conformance;

/** Thrown when the endpoint's behaviour does not allow the case to be tested. The message gives the reason. */
final class NotApplicable extends Exception {
    private static final long serialVersionUID = 1L;

    NotApplicable(String why) {
        super(why);
    }
}
