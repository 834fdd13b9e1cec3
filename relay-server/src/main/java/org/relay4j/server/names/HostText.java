package org.relay4j.server.names;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Host names as peers write them. */
final class HostText {
    private static final int LONGEST = 254; // characters, with a dot at the end

    private HostText() {}

    /**
     * Returns a name in lower case and without a dot at its end, as {@link org.relay4j.api.Endpoint#name} is. Not every result is the
     * name of an endpoint: it may be an IPv4 address, or have underscores or empty labels.
     *
     * @return null if the text has other characters than a name, or none, or too many
     */
    static @Nullable String name(String text) {
        int length = text.length();
        if (length > LONGEST) return null;
        for (int i = 0; i < length; i++) {
            if (!isNameCharacter(text.charAt(i))) return null;
        }
        if (text.endsWith(".")) length--;
        return length == 0 ? null : text.substring(0, length).toLowerCase(Locale.ROOT);
    }

    private static boolean isNameCharacter(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '.'
                || c == '_';
    }

    /**
     * Returns the name of an authority such as {@code app.example.com:8080}, like {@link #name}.
     *
     * @return empty if it is an IPv6 address; null if it is malformed, or has user information
     */
    static @Nullable String nameOf(String authority) {
        boolean literal = authority.startsWith("[");
        int end = literal ? authority.indexOf(']') + 1 : authority.indexOf(':');
        if (end < 0) end = authority.length();
        if (end < authority.length() && !isPort(authority.substring(end))) return null;
        if (!literal) return name(authority.substring(0, end));
        return isIpv6(authority.substring(0, end)) ? "" : null;
    }

    private static boolean isIpv6(String text) {
        return text.length() >= 4
                && text.length() <= 47
                && text.chars()
                        .skip(1)
                        .limit(text.length() - 2L)
                        .allMatch(c -> (Character.digit(c, 16) >= 0 && c < 128) || c == ':' || c == '.');
    }

    private static boolean isPort(String text) {
        if (text.length() < 2 || text.length() > 6 || text.charAt(0) != ':') return false;
        int port = 0;
        for (int i = 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') return false;
            port = port * 10 + (c - '0');
        }
        return port <= 65_535;
    }

    /** Returns whether the text is a token of HTTP, such as a method or the name of a header. */
    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isTokenCharacter(text.charAt(i))) return false;
        }
        return !text.isEmpty();
    }

    static boolean isTokenCharacter(char c) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
        return c > ' ' && c < 0x7F && "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }
}
