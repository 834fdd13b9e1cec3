package org.relay4j.api.control;

import java.util.regex.Pattern;

/** The form of a lease. See section 4 of {@code docs/protocol.md}. */
public final class LeaseWord {
    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9._-]{1,128}");

    private LeaseWord() {}

    /** Returns true if a word has the form that the protocol requires. */
    public static boolean isValid(String word) {
        return VALID.matcher(word).matches();
    }
}
