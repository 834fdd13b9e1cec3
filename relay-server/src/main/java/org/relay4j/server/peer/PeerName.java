package org.relay4j.server.peer;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of a node, as in its certificate: {@code relay://<cluster>/<node>}.
 *
 * @param cluster the name of the cluster
 * @param node the name of the node in the cluster
 */
record PeerName(String cluster, String node) {
    private static final String PART = "[A-Za-z0-9._-]{1,128}";
    private static final Pattern VALID = Pattern.compile(PART);
    private static final Pattern URI = Pattern.compile("relay://(" + PART + ")/(" + PART + ")");

    /** Returns null if the text is not such a URI. */
    static @Nullable PeerName parse(String uri) {
        Matcher matcher = URI.matcher(uri);
        return matcher.matches() ? new PeerName(matcher.group(1), matcher.group(2)) : null;
    }

    static boolean isValid(String part) {
        return VALID.matcher(part).matches();
    }

    static void requireValid(String what, String part) {
        if (isValid(part)) return;
        throw new IllegalArgumentException("the " + what + " is '" + part
                + "', it must be 1 to 128 letters, digits, dots, hyphens and underscores");
    }

    @Override
    public String toString() {
        return "relay://" + cluster + "/" + node;
    }
}
