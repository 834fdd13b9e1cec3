package org.relay4j.server.cluster;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ClientName;

/** The keys of a cluster in the registry. */
final class Keys {
    private final String root;
    private final String nodes;
    private final String routes;

    Keys(String cluster) {
        root = "/relay/" + cluster + "/";
        nodes = root + "n/";
        routes = root + "r/";
    }

    /** Returns the prefix of all keys of the cluster. */
    String root() {
        return root;
    }

    /** Returns the prefix of all nodes. */
    String nodes() {
        return nodes;
    }

    /** Returns the prefix of all routes. */
    String routes() {
        return routes;
    }

    /** Returns the prefix of all claims. */
    String claims() {
        return root + "c/";
    }

    /** Returns the prefix of the records of all tunnels. */
    String tunnels() {
        return root + "t/";
    }

    String node(String name) {
        return nodes + name;
    }

    String tunnel(String id) {
        return tunnels() + id;
    }

    String claim(Endpoint endpoint) {
        return claims() + endpoint;
    }

    String route(Endpoint endpoint, String node) {
        return routes + endpoint + "/" + node;
    }

    /** Returns the key that a node writes to see whether its watch reports it. Begins with {@link #echoes} of this node only. */
    String echo(String node) {
        return echoes(node) + "now";
    }

    /** Returns the prefix of the only key that {@link #echo} returns for this node. */
    String echoes(String node) {
        return root + "e/" + node + "/";
    }

    /** Returns the name of the node with this key; null if it is not that of a node. */
    @Nullable
    String nodeOf(String key) {
        String name = key.startsWith(nodes) ? key.substring(nodes.length()) : "";
        return ClientName.isValid(name) ? name : null;
    }

    /** Returns the endpoint with this key of a claim; null if it is not one. */
    @Nullable
    Endpoint claimed(String key) {
        try {
            return key.startsWith(claims()) ? Endpoint.parse(key.substring(claims().length())) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The endpoint and the node that the key of a route names. */
    record RouteKey(Endpoint endpoint, String node) {}

    /** Returns what the key of a route names; null if it is not the key of a route, or names no certain endpoint ({@code tcp/0}). */
    @Nullable
    RouteKey routeOf(String key) {
        int end = key.lastIndexOf('/');
        if (!key.startsWith(routes) || end <= routes.length()) return null;
        String node = key.substring(end + 1);
        if (!ClientName.isValid(node)) return null;
        try {
            Endpoint endpoint = Endpoint.parse(key.substring(routes.length(), end));
            return endpoint.isAny() ? null : new RouteKey(endpoint, node);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
