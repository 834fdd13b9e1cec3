package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/** The routes of all nodes, as a node knows them. A plain object, confined to the executor of the node. */
final class RouteTable {
    private final String self;
    private final Map<Endpoint, Map<String, Known>> table = new HashMap<>(); // by endpoint and node
    private final Set<Endpoint> own = new HashSet<>(); // with a route of this node
    private int foreign; // number of routes of other nodes

    /**
     * A route.
     *
     * @param kept whether the registry no longer has it, but its node answers
     */
    record Known(Route route, boolean kept) {
        Known keep() {
            return new Known(route, true);
        }
    }

    /** @param self the name of this node */
    RouteTable(String self) {
        this.self = self;
    }

    @Nullable
    Known find(Keys.RouteKey key) {
        Map<String, Known> all = table.get(key.endpoint());
        return all == null ? null : all.get(key.node());
    }

    void put(Keys.RouteKey key, Known route) {
        Known before =
                table.computeIfAbsent(key.endpoint(), unused -> new HashMap<>()).put(key.node(), route);
        if (key.node().equals(self)) own.add(key.endpoint());
        else if (before == null) foreign++;
    }

    /** Returns the route that was removed; null if there was none. */
    @Nullable
    Known remove(Keys.RouteKey key) {
        Map<String, Known> all = table.get(key.endpoint());
        if (all == null) return null;
        Known gone = all.remove(key.node());
        if (gone == null) return null;
        if (key.node().equals(self)) own.remove(key.endpoint());
        else foreign--;
        if (all.isEmpty()) table.remove(key.endpoint());
        return gone;
    }

    /** Returns the routes for an endpoint. */
    Collection<Known> of(Endpoint endpoint) {
        return table.getOrDefault(endpoint, Map.of()).values();
    }

    /** Returns the number of routes of this node, or of the other ones. */
    int count(boolean ofThisNode) {
        return ofThisNode ? own.size() : foreign;
    }

    void forEach(BiConsumer<Endpoint, Known> action) {
        table.forEach((endpoint, all) -> all.values().forEach(each -> action.accept(endpoint, each)));
    }

    /** Returns the endpoints with a route of a node. Looks at all endpoints. */
    List<Endpoint> endpointsOf(String node) {
        return table.entrySet().stream()
                .filter(each -> each.getValue().containsKey(node))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Returns the routes of other nodes that the registry has for an endpoint, whatever their epoch. */
    List<Route> stored(Endpoint endpoint) {
        List<Route> all = new ArrayList<>();
        of(endpoint).forEach(each -> {
            if (!each.kept && isForeign(each)) all.add(each.route);
        });
        return all;
    }

    /** Returns the other nodes that have a route for an endpoint of a tunnel. */
    Set<String> carriers(Collection<Endpoint> endpoints, String tunnel) {
        Set<String> names = new LinkedHashSet<>();
        for (Endpoint endpoint : endpoints) {
            of(endpoint).forEach(each -> {
                if (isForeign(each) && isOf(each, tunnel)) names.add(each.route.node());
            });
        }
        return names;
    }

    /** Returns whether another node has a route for an endpoint of a tunnel. */
    boolean isServedElsewhere(Endpoint endpoint, String tunnel) {
        return of(endpoint).stream().anyMatch(each -> isForeign(each) && isOf(each, tunnel));
    }

    /** Returns whether a node has a route for an endpoint of a tunnel. */
    boolean isServedBy(String node, Endpoint endpoint, String tunnel) {
        Known known = find(new Keys.RouteKey(endpoint, node));
        return known != null && isOf(known, tunnel);
    }

    private boolean isForeign(Known known) {
        return !known.route.node().equals(self);
    }

    private static boolean isOf(Known known, String tunnel) {
        return known.route.tunnel().equals(tunnel);
    }

    /** Returns the tunnels of the routes that the registry has for this node, by endpoint. */
    Map<Endpoint, String> own() {
        Map<Endpoint, String> all = new HashMap<>();
        for (Endpoint each : own) {
            Known known = find(new Keys.RouteKey(each, self));
            if (known != null) all.put(each, known.route.tunnel());
        }
        return all;
    }

    /** Returns all routes. */
    Map<Endpoint, List<Route>> every() {
        Map<Endpoint, List<Route>> all = new HashMap<>();
        table.forEach((endpoint, known) ->
                all.put(endpoint, known.values().stream().map(Known::route).toList()));
        return all;
    }
}
