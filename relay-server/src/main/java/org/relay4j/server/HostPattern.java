package org.relay4j.server;

import org.relay4j.api.Endpoint;

/**
 * Host names that a client may have: one name, or all with one more label than a suffix.
 *
 * @param name the name or suffix, in ASCII and lower case
 * @param wildcard whether a name needs one more label before it
 */
record HostPattern(String name, boolean wildcard) {
    private static final String ANY_LABEL = "*.";

    /** @throws IllegalArgumentException if it is neither a name nor {@code *.} and a name; the message quotes it */
    static HostPattern of(String text) {
        boolean wildcard = text.startsWith(ANY_LABEL);
        String name = wildcard ? text.substring(ANY_LABEL.length()) : text;
        try {
            return new HostPattern(Endpoint.host(name).name(), wildcard);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + text
                            + "' is not a host name; it must be like app.example.com, or like *.example.com for names"
                            + " with one more label",
                    e);
        }
    }

    /** Returns whether it contains a name, which is in ASCII and lower case. */
    boolean matches(String host) {
        if (!wildcard) return host.equals(name);
        int dot = host.indexOf('.');
        return dot > 0 && host.substring(dot + 1).equals(name);
    }

    @Override
    public String toString() {
        return wildcard ? ANY_LABEL + name : name;
    }
}
