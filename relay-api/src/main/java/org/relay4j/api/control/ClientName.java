package org.relay4j.api.control;

import java.util.regex.Pattern;

/** The form of a client's name. See section 3 of {@code docs/protocol.md}. */
public final class ClientName {
    /** A description of the form, for messages. */
    public static final String FORM = "1 to 64 letters, digits, dots, underscores and hyphens";

    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private ClientName() {}

    /** Returns true if the name has the form that the protocol requires. */
    public static boolean isValid(String name) {
        return VALID.matcher(name).matches();
    }
}
