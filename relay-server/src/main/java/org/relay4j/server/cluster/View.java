package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.RouteTable.Known;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;

/*
 * The second opinion. When the lease of a node ends, its entry and its routes vanish at one revision. A node that leaves deletes its
 * entry before it gives its lease back, and one whose tunnel has ended deletes the route alone. So routes that vanish together with
 * the entry tell only that the node cannot reach the registry. While it answers on its links, its routes are kept. If all is read when
 * the node is back, its entry is on another lease, and it may not have put all its routes again.
 */
/**
 * The nodes and the routes of the cluster as the registry has them, and as the links between nodes show them. Changed on the executor of
 * the node; {@link #routes} is for any thread.
 */
final class View {
    /*
     * More than 300 lines because what comes by a read, a watch, a comparison and the links changes the same members and routes. What
     * is known of routes is kept by RouteTable.
     */

    /** How many other nodes, and routes of other nodes, a node looks at. It is no limit of a real cluster. */
    record Limits(int nodes, int routes) {
        static final Limits DEFAULT = new Limits(1_000, 200_000);
    }

    private final String self;
    private final Access access;
    private final Events events;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private final RouteTable table;
    private final Map<Endpoint, List<Route>> published = new ConcurrentHashMap<>();
    private final Gaps gaps = new Gaps();
    private final Limits limits;

    /** Called on the executor of the node. */
    interface Events {
        /** The entry of this node has changed. */
        void self(@Nullable Entry entry);

        /** An entry is not as a node writes it, or there are too many. */
        void problem(String what);

        /** The routes of other nodes for an endpoint have changed. */
        void routes(Endpoint endpoint, List<Route> now);

        /** Another node has joined, or something about it has changed. */
        void node(NodeInfo node);

        /** The registry no longer has another node. */
        void unregistered();

        /** Another node has gone. */
        void nodeGone(String name);

        /**
         * A route has changed, of this node or of another one.
         *
         * @param now null if it has gone
         * @param left whether the node has stopped serving, as far as is known, rather than lost the registry
         */
        void route(Endpoint endpoint, String node, @Nullable Route now, long revision, boolean left);
    }

    View(Access access, Events events) {
        this.access = access;
        this.events = events;
        self = access.settings().self().name();
        limits = access.settings().limits();
        table = new RouteTable(self);
    }

    // ---- the registry

    /** Takes over the changes of one revision. */
    void changed(long revision, Collection<Change> changes) {
        Set<String> expired = expired(changes);
        Set<Endpoint> touched = new LinkedHashSet<>();
        for (Change each : changes) {
            Keys.RouteKey route = access.keys().routeOf(each.key());
            String node = route == null ? access.keys().nodeOf(each.key()) : null;
            if (route != null) route(route, each.entry(), revision, expired, touched);
            if (node != null) node(node, each.entry(), expired, touched);
        }
        touched.forEach(this::publish);
    }

    /** Returns the nodes whose lease has ended, as far as that can be seen from what has changed. */
    private Set<String> expired(Collection<Change> changes) {
        Set<String> gone = new HashSet<>();
        Set<String> routesGone = new HashSet<>();
        for (Change each : changes) {
            String node = access.keys().nodeOf(each.key());
            if (node != null && (each.entry() == null || isOnAnotherLease(node, each.entry()))) gone.add(node);
            Keys.RouteKey route = each.entry() == null ? access.keys().routeOf(each.key()) : null;
            if (route != null) routesGone.add(route.node());
        }
        gone.retainAll(routesGone);
        return gone;
    }

    private boolean isOnAnotherLease(String node, Entry entry) {
        Member member = members.get(node);
        return member != null && member.lease != entry.lease();
    }

    /** Replaces everything that is known. */
    void replace(Snapshot nodes, Snapshot routes) {
        changed(routes.revision(), changes(nodes, routes));
        if (nodes.find(access.selfKey()) == null) events.self(null);
    }

    /** Takes over what differs from what is known, except for keys that have changed since they were read. */
    void compare(Snapshot nodes, Snapshot routes, Set<String> except) {
        List<Change> differences = changes(nodes, routes);
        differences.removeIf(each -> except.contains(each.key()) || isKnown(each));
        changed(routes.revision(), differences);
        if (nodes.find(access.selfKey()) == null && !except.contains(access.selfKey())) events.self(null);
    }

    private boolean isKnown(Change change) {
        Entry entry = change.entry();
        Keys.RouteKey key = entry == null ? null : access.keys().routeOf(entry.key());
        if (entry == null || key == null) return false; // of nodes, there are few
        Known known = table.find(key);
        return known != null && !known.kept() && known.route().equals(routeIn(key, entry));
    }

    private static @Nullable Route routeIn(Keys.RouteKey key, @Nullable Entry entry) {
        RouteText text = entry == null ? null : RouteText.of(entry);
        return text == null ? null : new Route(key.node(), text.tunnel(), text.epoch(), text.loop());
    }

    /** Returns what changes what is known into what was read. */
    private List<Change> changes(Snapshot nodes, Snapshot routes) {
        List<Change> changes = new ArrayList<>();
        Set<String> keys = new HashSet<>();
        for (Entry each : nodes.entries()) keys.add(each.key());
        for (Entry each : routes.entries()) keys.add(each.key());
        for (String each : members.keySet()) {
            String key = access.keys().node(each);
            if (!keys.contains(key)) changes.add(new Change(key, null));
        }
        table.forEach((endpoint, known) -> {
            String key = access.keys().route(endpoint, known.route().node());
            if (!known.kept() && !keys.contains(key)) changes.add(new Change(key, null));
        });
        nodes.entries().forEach(each -> changes.add(new Change(each.key(), each)));
        routes.entries().forEach(each -> changes.add(new Change(each.key(), each)));
        return changes;
    }

    private boolean isHeard(String node) {
        Member member = members.get(node);
        return member != null && member.isHeard(access.now());
    }

    private void node(String name, @Nullable Entry entry, Set<String> expired, Set<Endpoint> touched) {
        if (name.equals(self)) {
            events.self(entry);
            return;
        }
        Member member = members.get(name);
        NodeInfo info = entry == null ? null : NodeText.parse(name, entry.value());
        if (entry != null && info == null) {
            // Its node replaces it. Until then, what was known of the node counts.
            events.problem("the entry of node " + name + " is damaged");
        } else if (entry != null && info != null) {
            arrived(member, info, entry.lease(), touched);
        } else if (member != null && !member.expired) {
            boolean isOver = expired.contains(name) || hasKept(member);
            if (isOver && isHeard(name)) {
                member.expired = true;
                events.unregistered();
            } else forget(member, !isOver, touched);
        }
    }

    /** Returns whether a node that was back has not put all its routes again: its entry has not vanished together with those. */
    private boolean hasKept(Member member) {
        return member.endpoints.stream().anyMatch(each -> {
            Known known = table.find(new Keys.RouteKey(each, member.info.name()));
            return known != null && known.kept();
        });
    }

    private void arrived(@Nullable Member known, NodeInfo info, long lease, Set<Endpoint> touched) {
        if (known == null && members.size() >= limits.nodes) {
            events.problem("there are more than " + limits.nodes + " nodes; node " + info.name() + " is ignored");
            return;
        }
        Member member = known == null ? new Member(info) : known;
        if (!info.incarnation().equals(member.info.incarnation())) {
            dropRoutes(member, true, true, touched);
            member.restarted();
        }
        boolean news = known == null || !member.info.equals(info) || member.expired;
        boolean isBack = member.expired || (known != null && member.lease != lease);
        if (known == null || isBack) member.registeredSince = access.now();
        if (isBack) member.returned(access.now());
        member.info = info;
        member.lease = lease;
        members.put(info.name(), member);
        if (known == null) adoptRoutes(member, touched);
        if (!news) return;
        touched.addAll(member.endpoints);
        events.node(info);
    }

    /** Routes may be seen before their node. */
    private void adoptRoutes(Member member, Set<Endpoint> touched) {
        List<Endpoint> endpoints = table.endpointsOf(member.info.name());
        member.endpoints.addAll(endpoints);
        touched.addAll(endpoints);
    }

    private void route(
            Keys.RouteKey key, @Nullable Entry entry, long revision, Set<String> expired, Set<Endpoint> touched) {
        int most = limits.routes;
        if (entry != null && table.find(key) == null && table.count(key.node().equals(self)) >= most) {
            events.problem("there are more than " + most + " routes; " + entry.key() + " is ignored");
            return;
        }
        touched.add(key.endpoint());
        Route route = routeIn(key, entry);
        Known known = table.find(key);
        Member member = members.get(key.node());
        if (route != null) {
            table.put(key, new Known(route, false));
            if (member != null) member.endpoints.add(key.endpoint());
        } else if (known != null && expired.contains(key.node()) && isHeard(key.node())) {
            table.put(key, known.keep());
            return;
        } else if (known != null && !known.kept()) {
            drop(key);
        }
        boolean left = route == null && !expired.contains(key.node());
        events.route(key.endpoint(), key.node(), route, entry == null ? revision : entry.revision(), left);
    }

    private void drop(Keys.RouteKey key) {
        Known gone = table.remove(key);
        if (gone == null) return;
        Member member = members.get(key.node());
        if (member != null) member.endpoints.remove(key.endpoint());
        if (table.of(key.endpoint()).isEmpty())
            gaps.begin(key.endpoint(), gone.route().tunnel(), access.now());
    }

    private void dropRoutes(Member member, boolean onlyKept, boolean left, Set<Endpoint> touched) {
        String name = member.info.name();
        for (Endpoint each : List.copyOf(member.endpoints)) {
            Keys.RouteKey key = new Keys.RouteKey(each, name);
            Known known = table.find(key);
            if (onlyKept && (known == null || !known.kept())) continue;
            drop(key);
            touched.add(each);
            events.route(each, name, null, 0, left);
        }
    }

    private void forget(Member member, boolean left, Set<Endpoint> touched) {
        String name = member.info.name();
        dropRoutes(member, false, left, touched);
        members.remove(name);
        if (!member.expired) events.unregistered();
        events.nodeGone(name);
    }

    // ---- the links between nodes

    void peerAlive(String node, long now) {
        Member member = members.get(node);
        if (member == null) return;
        boolean was = member.dead;
        member.alive(now);
        if (was) List.copyOf(member.endpoints).forEach(this::publish);
    }

    void peerDead(String node) {
        Member member = members.get(node);
        if (member == null || member.dead) return;
        member.dead();
        Set<Endpoint> touched = new LinkedHashSet<>(member.endpoints);
        if (member.expired) forget(member, false, touched);
        touched.forEach(this::publish);
    }

    /** @param current whether changes in the registry are seen at present */
    void tick(boolean current) {
        long now = access.now();
        Set<Endpoint> touched = new LinkedHashSet<>();
        for (Member each : List.copyOf(members.values())) {
            if (each.expired && !each.isHeard(now)) forget(each, false, touched);
            if (each.endReturn(now, current)) dropRoutes(each, true, true, touched);
        }
        touched.forEach(this::publish);
        gaps.tick(now);
    }

    // ---- what it shows

    private void publish(Endpoint endpoint) {
        List<RouteChoice.Candidate> candidates = new ArrayList<>();
        table.of(endpoint).forEach(known -> {
            Route each = known.route();
            Member member = members.get(each.node());
            if (member != null) candidates.add(new RouteChoice.Candidate(each, member.rank()));
            if (each.node().equals(self)) candidates.add(new RouteChoice.Candidate(each, 0));
        });
        if (!candidates.isEmpty()) gaps.end(endpoint, candidates.get(0).route().tunnel(), access.now());
        List<Route> now = RouteChoice.order(self, endpoint, candidates);
        List<Route> before = now.isEmpty() ? published.remove(endpoint) : published.put(endpoint, now);
        if (!now.equals(before == null ? List.of() : before)) events.routes(endpoint, now);
    }

    /** Returns the routes of other nodes, the best first. Called by any thread. */
    List<Route> routes(Endpoint endpoint) {
        return published.getOrDefault(endpoint, List.of());
    }

    /** Returns all routes that are known. On the executor of the node. */
    RouteTable table() {
        return table;
    }

    /** Returns whether the registry has a node, in this incarnation. */
    boolean isRegistered(NodeId node) {
        Member member = members.get(node.name());
        return member != null && !member.expired && member.info.incarnation().equals(node.incarnation());
    }

    /** Returns whether the registry has had a node of this name for some time: what it still serves, it has put by now. */
    boolean isSettled(String node) {
        Member member = members.get(node);
        return member != null && member.isSettled(access.now());
    }

    List<NodeInfo> nodes() {
        return members.values().stream().map(each -> each.info).toList();
    }

    /** Returns the number of endpoints that each node serves. */
    Map<String, Integer> counts() {
        Map<String, Integer> counts = new HashMap<>();
        counts.put(self, table.count(true));
        members.forEach((name, member) -> counts.put(name, member.endpoints.size()));
        return counts;
    }

    ClusterStatus.Gaps gaps() {
        return gaps.status();
    }
}
