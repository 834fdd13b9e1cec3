package org.relay4j.server.peer;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;

/**
 * The name of a node, as in its certificate: {@code relay://<cluster>/<node>}.
 *
 * @param cluster the name of the cluster
 * @param node the name of the node in the cluster
 */
record PeerName(String cluster, String node) {
    private static final String SCHEME = "relay://";

    /** Returns null if the text is not such a URI. */
    static @Nullable PeerName parse(String uri) {
        int slash = uri.indexOf('/', SCHEME.length());
        if (!uri.startsWith(SCHEME) || slash < 0) return null;
        PeerName name = new PeerName(uri.substring(SCHEME.length(), slash), uri.substring(slash + 1));
        return ClientName.isValid(name.cluster) && ClientName.isValid(name.node) ? name : null;
    }

    static void requireValid(String what, String part) {
        if (ClientName.isValid(part)) return;
        throw new IllegalArgumentException("the " + what + " is '" + part + "', it must be " + ClientName.FORM);
    }

    @Override
    public String toString() {
        return SCHEME + cluster + "/" + node;
    }
}
