package org.relay4j.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.PublicEndpoint.Flow;
import org.relay4j.yamux.io.Loop;

/**
 * The endpoints of one tunnel: the public port that its client asked for, unless it asked for none, and those that the client has
 * opened since. On the tunnel's loop, unless a method says otherwise.
 */
final class Endpoints {
    // More than 300 lines because each change of the list, and what it does to the registry, is here. Sharing, and what
    // is not confirmed yet, are classes of their own.

    /** Maximum number of endpoints of a tunnel, unless the limit of its client is another. */
    static final int MOST = 32;

    private final TunnelRegistry registry;
    private final Loop loop;
    private final @Nullable PublicEndpoint port; // that the client asked for at first
    private volatile List<PublicEndpoint> all; // replaced by each change, on the loop
    private final UnconfirmedEndpoints unconfirmed;
    private final EndpointSharing sharing = new EndpointSharing(this);
    private final Map<String, PublicEndpoint> requested = new HashMap<>(0); // by the number of the request
    private final Set<PublicEndpoint> leaving = new HashSet<>(0); // the last visitors are accepted
    private @Nullable ServerTunnel tunnel; // null until it is made
    private int first; // index of the one that is resumed first
    private int finishing; // that still have visitors
    private volatile boolean closed; // written on the loop

    /** @param port null if the tunnel begins without an endpoint */
    Endpoints(TunnelRegistry registry, Loop loop, @Nullable PublicEndpoint port) {
        this.registry = registry;
        this.loop = loop;
        this.port = port;
        all = port == null ? List.of() : List.of(port);
        unconfirmed = new UnconfirmedEndpoints(loop);
    }

    /** Returns the loop of the tunnel. From any thread. */
    Loop loop() {
        return loop;
    }

    /** Returns the number of the port that the client asked for at first; 0 if it asked for none. From any thread. */
    int port() {
        return port == null ? 0 : port.endpoint().number();
    }

    /** Returns whether the tunnel still has that port, or never had one. */
    boolean havePort() {
        return port == null || all.contains(port);
    }

    /** Assigns the first endpoint to the new tunnel. */
    void belongTo(ServerTunnel owner) {
        tunnel = owner;
        if (port != null) port.belongTo(owner);
    }

    /** Has the tunnel found by its first endpoint. */
    void enter() {
        if (port != null && tunnel != null) registry.enter(port.endpoint(), tunnel);
    }

    /** Adds an endpoint, assigns it to the tunnel, and starts to accept visitors. If that fails, the endpoint is closed. */
    void add(PublicEndpoint endpoint) throws IOException {
        ServerTunnel owner = tunnel;
        if (owner == null || closed) {
            endpoint.close(null);
            throw new IOException("the tunnel has ended");
        }
        restore(endpoint);
        boolean started = false;
        try {
            endpoint.start();
            started = true;
        } finally {
            if (!started) giveBack(endpoint);
        }
        endpoint.resume();
        owner.entry().refresh();
    }

    /** Adds an endpoint that the last process had, before {@link #start}. */
    void restore(PublicEndpoint endpoint) {
        ServerTunnel owner = tunnel;
        if (owner == null) throw new IllegalStateException("the tunnel is not made yet");
        endpoint.belongTo(owner);
        List<PublicEndpoint> more = new ArrayList<>(all);
        more.add(endpoint);
        all = List.copyOf(more);
        if (endpoint instanceof SharedEndpoint) owner.connections().changed();
        else registry.enter(endpoint.endpoint(), owner);
    }

    /** Returns all except for the port that the client asked for at first. */
    List<Endpoint> others() {
        return all.stream()
                .filter(each -> !each.equals(port) && !leaving.contains(each) && !(each instanceof SharedEndpoint))
                .map(PublicEndpoint::endpoint)
                .toList();
    }

    /** Returns the open endpoint with this port or name; null if the tunnel does not have it. */
    @Nullable
    PublicEndpoint find(Endpoint wanted) {
        for (PublicEndpoint each : all) {
            if (each.endpoint().equals(wanted) && !leaving.contains(each)) return each;
        }
        return null;
    }

    /** Returns the endpoints with the numbers of their visitors. From any thread. */
    List<OpenEndpoint> shown() {
        return all.stream()
                .map(each -> new OpenEndpoint(each.endpoint(), each.visitors()))
                .toList();
    }

    /** Returns an immutable copy. */
    List<PublicEndpoint> all() {
        return all;
    }

    int size() {
        return all.size();
    }

    /** Returns whether it is the only one. */
    boolean isOnly(Endpoint wanted) {
        return all.size() == 1 && find(wanted) != null;
    }

    /** Starts to accept visitors. Later calls have no effect. */
    void start() throws IOException {
        for (PublicEndpoint each : all) each.start();
    }

    /** Called when a connection may accept a visitor. The endpoints take turns in being the first. */
    void resume() {
        List<PublicEndpoint> now = all;
        if (now.isEmpty()) return;
        int start = (first++ & Integer.MAX_VALUE) % now.size();
        for (int n = 0; n < now.size(); n++) now.get((start + n) % now.size()).resume();
    }

    // ---- sharing

    /** Returns which of them are shared with other tunnels. */
    EndpointSharing sharing() {
        return sharing;
    }

    /** Another object is the same endpoint from now on. */
    void replace(PublicEndpoint before, PublicEndpoint after) {
        List<PublicEndpoint> changed = new ArrayList<>(all);
        changed.set(changed.indexOf(before), after);
        all = List.copyOf(changed);
        unconfirmed.replace(before, after);
        requested.replaceAll((request, endpoint) -> endpoint.equals(before) ? after : endpoint);
    }

    /** Returns whether another tunnel may take an endpoint from this one: it has it, and shares it with none. */
    boolean mayPass(Endpoint wanted) {
        PublicEndpoint found = find(wanted);
        return found != null
                && !(found instanceof SharedEndpoint)
                && EndpointSharing.sharersOf(found).isEmpty();
    }

    // ---- requests for any port or name

    /**
     * Returns the open endpoint that was opened by a request for any of its kind; null if there is none. A client repeats a request if
     * the answer was lost with its connection.
     *
     * @param number of the request
     */
    @Nullable
    PublicEndpoint requested(String number, Endpoint.Kind kind) {
        PublicEndpoint found = requested.get(number);
        return found == null || found.endpoint().kind() != kind || leaving.contains(found) ? null : found;
    }

    /** The endpoint was opened by a request with this number. */
    void request(String number, PublicEndpoint endpoint) {
        requested.put(number, endpoint);
    }

    // ---- changes of one

    /** Returns whether the client has yet to open it again. */
    boolean isUnconfirmed(Endpoint wanted) {
        PublicEndpoint found = find(wanted);
        return found != null && unconfirmed.contains(found);
    }

    /** The client has opened it again: its visitors are passed on. */
    void confirm(PublicEndpoint endpoint) {
        unconfirmed.remove(endpoint);
        endpoint.turn(Flow.OPEN);
        if (tunnel != null) tunnel.entry().refresh();
    }

    /** The client withdraws an endpoint, or returns it. Has no effect before the client has opened it again. */
    void ready(PublicEndpoint endpoint, boolean ready) {
        if (unconfirmed.contains(endpoint)) return;
        endpoint.turn(ready ? Flow.OPEN : Flow.WITHDRAWN);
        if (tunnel != null) tunnel.entry().refresh();
    }

    /** The client has resumed its tunnel: the endpoints wait until it opens them again. Those that it does not are given back. */
    void awaitConfirmation() {
        requested.clear(); // it asks anew
        for (PublicEndpoint each : all) {
            if (each.equals(port)) each.turn(Flow.OPEN);
            else unconfirmed.add(each);
        }
        unconfirmed.limitTime(this::giveUnconfirmedBack);
    }

    private void giveUnconfirmedBack() {
        for (PublicEndpoint each : unconfirmed.copy()) giveBack(each);
        if (tunnel != null) tunnel.entry().update();
    }

    /** No connection serves the tunnel: those that were closing end at once, and the others wait for the client. */
    void hold() {
        unconfirmed.stop();
        for (PublicEndpoint each : List.copyOf(leaving)) giveBack(each);
    }

    /** Gives an endpoint back and calls {@code then}, after the visitors that have connected were passed to a connection. */
    void close(PublicEndpoint endpoint, Runnable then) {
        if (unconfirmed.contains(endpoint)
                || !EndpointSharing.sharersOf(endpoint).isEmpty()) {
            giveBack(endpoint);
            then.run();
            return;
        }
        leaving.add(endpoint);
        endpoint.finish(() -> {
            giveBack(endpoint);
            then.run();
        });
    }

    /** Closes an endpoint at once. Its waiting visitors are reset. Has no effect if the tunnel does not have it. */
    void giveBack(PublicEndpoint endpoint) {
        ServerTunnel owner = tunnel;
        if (owner == null || !remove(endpoint)) return;
        if (EndpointSharing.bequeath(endpoint)) return;
        endpoint.close(owner);
        registry.leave(endpoint.endpoint(), owner); // last: a claim that finds this tunnel until then tries again
    }

    private boolean remove(PublicEndpoint endpoint) {
        List<PublicEndpoint> others = new ArrayList<>(all);
        boolean removed = others.remove(endpoint);
        all = List.copyOf(others);
        unconfirmed.remove(endpoint);
        sharing.remove(endpoint);
        requested.values().remove(endpoint);
        leaving.remove(endpoint);
        if (tunnel == null) return removed;
        tunnel.connections().changed(); // it may share none now
        if (removed && !(endpoint instanceof SharedEndpoint)) tunnel.entry().removed(endpoint.endpoint());
        return removed;
    }

    /** Removes an endpoint that is {@linkplain #find found}, and passes it to a loop, for another tunnel there. */
    PublicEndpoint passTo(Loop next, Endpoint wanted) {
        PublicEndpoint passed = find(wanted);
        if (passed == null) throw new IllegalStateException("the tunnel has no " + wanted);
        remove(passed);
        passed.moveTo(next);
        // Here, because the tunnel that is to get it may end meanwhile. Until it belongs to that one, it is still
        // bound.
        if (tunnel != null) registry.leave(wanted, tunnel);
        return passed;
    }

    // ---- the end of all

    /** Accepts the last visitors of each endpoint, and calls {@code then} when all were passed to a connection. */
    void finish(Runnable then) {
        List<PublicEndpoint> open = all;
        finishing = open.size() + 1;
        Runnable one = () -> {
            if (--finishing == 0) then.run();
        };
        for (PublicEndpoint each : open) {
            if (!leaving.contains(each)) close(each, one);
            else one.run(); // its visitors are passed before it is given back
        }
        one.run();
    }

    /** Closes an endpoint at once that is {@linkplain #close(PublicEndpoint, Runnable) closing}, if there is one. */
    void hasten(Endpoint closing) {
        for (PublicEndpoint each : List.copyOf(leaving)) {
            if (each.endpoint().equals(closing)) giveBack(each);
        }
    }

    /** Closes all. Later calls have no effect. */
    void close() {
        closed = true;
        unconfirmed.stop();
        for (PublicEndpoint each : all) giveBack(each);
    }

    /** Returns whether all were closed. From any thread. */
    boolean isClosed() {
        return closed;
    }
}
