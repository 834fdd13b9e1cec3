package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Loop;

/**
 * The claim of one client: a new tunnel, or an existing one. It moves from the client's loop to that of an existing tunnel, and
 * back with the answer.
 */
final class Claim {
    // More than 300 lines because all ways of one request to its answer, and each refusal, are here.

    /** Maximum number of ports that are claimed in a cluster for a client that accepts any. */
    static final int MOST_ATTEMPTS = 8;

    private final RelayServer server;
    private final ClientRequest request;
    private final Admission.Ticket ticket;
    private final Loop loop; // of the claimant
    private final Claimant claimant;
    private boolean isElsewhere; // the record of the cluster was asked for; on the claimant's loop
    private long silent; // epoch of the port's claim, if its client does not answer at another node; 0 otherwise
    private int attempts; // to claim any port, in a cluster; on the claimant's loop
    private boolean answered; // on the claimant's loop

    Claim(RelayServer server, ClientRequest request, Admission.Ticket ticket, Loop loop, Claimant claimant) {
        this.server = server;
        this.request = request;
        this.ticket = ticket;
        this.loop = loop;
        this.claimant = claimant;
    }

    ClientRequest request() {
        return request;
    }

    Admission.Ticket ticket() {
        return ticket;
    }

    /** Returns the loop of a new tunnel: that of the client, or one for all tunnels of a name that share endpoints. */
    Loop home() {
        return homeOf(server, request.name(), request.limits(), loop);
    }

    /** Returns the loop for all tunnels of a name, if they may share endpoints, otherwise the one that is offered. */
    static Loop homeOf(RelayServer server, @Nullable String name, ClientLimits limits, Loop offered) {
        return name != null && limits.share() ? server.loops().of(name) : offered;
    }

    /** Returns the loop of the client. */
    Loop loop() {
        return loop;
    }

    /** Makes the claim, on the client's loop. A client that accepts any port is answered before this method returns. */
    void make() {
        if (server.isClosing()) {
            refuse(Refusal.DRAINING, ControlRefusal.DRAINING);
            return;
        }
        String lease = request.join() == null ? request.resume() : request.join();
        int wanted = request.port() == 0 ? request.limits().ownPort() : request.port();
        if (lease != null) {
            with(server.registry().ofId(Lease.tunnelOf(lease)), found -> comeBackAnywhere(found, lease));
        } else if (wanted < 0) {
            if (request.visitorAddress()) open(null, null);
            else refuse(Refusal.REQUEST, "bad-request", "port=none needs visitor-address, as all other endpoints do");
        } else if (wanted == 0) {
            open(0);
        } else if (request.limits().allows(wanted)) {
            with(server.registry().ofEndpoint(Endpoint.port(wanted)), owner -> openOrTake(owner, wanted));
        } else {
            refusePort("port " + wanted + " is not one that this client may have");
        }
    }

    // ---- a tunnel of its own

    private void open(int wanted) {
        PublicEndpoint port = bind(wanted);
        if (port != null) open(port, null);
    }

    /**
     * Makes the tunnel.
     *
     * @param port null if it begins without an endpoint
     * @param passed its place among the tunnels; null if it needs one
     */
    private void open(@Nullable PublicEndpoint port, Places.@Nullable Place passed) {
        Places.Place place = passed;
        ServerTunnel tunnel = null;
        try {
            if (place == null) place = place(); // last, because another tunnel may end for it
            if (place != null) {
                Tenure tenure = Tenure.of(server, request, place);
                Endpoints endpoints = new Endpoints(server.registry(), home(), port);
                tunnel = new ServerTunnel(server, request, ticket.number(), endpoints, tenure);
            }
        } finally {
            if (tunnel == null && port != null) port.close(null);
            if (tunnel == null && place != null) server.admission().leave(place);
        }
        if (tunnel == null) return;
        ServerTunnel opened = tunnel;
        if (silent > 0 && port != null) opened.entry().silent(port.endpoint(), silent);
        opened.enter();
        on(opened.loop(), () -> grant(opened));
    }

    /** Returns a place among the tunnels; null if the client was refused. */
    private Places.@Nullable Place place() {
        Places.Answer answer = ticket.place(request.name(), request.limits().maxTunnels());
        if (answer.place() == null) refuse(answer);
        return answer.place();
    }

    void refuse(Places.Answer answer) {
        Refusal reason = answer.refusal() == null ? Refusal.TUNNELS : answer.refusal();
        ControlRefusal refusal =
                ControlRefusal.limit(reason, server.options(), request.limits().maxTunnels());
        refuse(reason, refusal.code(), refusal.text());
    }

    /** Returns the port; null if the client was refused. */
    private @Nullable PublicEndpoint bind(int wanted) {
        try {
            PublicPort last = wanted == 0 ? PublicPort.last(server, loop, request) : null;
            return last != null ? last : new PublicPort(server, home(), request.limits(), wanted);
        } catch (BindException e) {
            String why = String.valueOf(e.getMessage());
            if (wanted > 0) refusePort("port " + wanted + " is taken: " + why);
            else {
                server.refused(
                        Refusal.NO_PORT,
                        request.client(),
                        "relay server: no public port for {}: {}",
                        request.who(),
                        why);
                refuse(new ControlRefusal("no-port-free", why));
            }
        } catch (IOException e) {
            // For example no file descriptor is left: the operator must act, and a stack trace would not help.
            String why = String.valueOf(e.getMessage());
            server.refused(Refusal.FAILURE, request.client(), "relay server: no tunnel for {}: {}", request.who(), why);
            refuse(new ControlRefusal("internal", "no public port can be opened"));
        }
        return null;
    }

    private void openOrTake(Optional<ServerTunnel> owner, int wanted) {
        if (owner.isEmpty()) {
            openOrReclaim(wanted);
            return;
        }
        ServerTunnel present = owner.get();
        if (request.name() == null || !request.name().equals(present.owner())) {
            refusePort("another client has port " + wanted);
            return;
        }
        on(present.loop(), () -> {
            Takeover takeover = new Takeover(present, Endpoint.port(wanted));
            takeover.begin(isFree -> {
                if (isFree) take(takeover, wanted);
                else on(loop, () -> refusePort("port " + wanted + " is in use by a program of the same name"));
            });
        });
    }

    /** Opens a port that no tunnel of this server has; a tunnel of another node may have it. */
    private void openOrReclaim(int wanted) {
        Cluster cluster = server.cluster();
        Endpoint port = Endpoint.port(wanted);
        String carrier = cluster == null ? null : cluster.carrier(port);
        if (cluster == null) open(wanted);
        else if (carrier == null) reclaim(cluster, port);
        else
            DistantTakeover.begin(
                    cluster,
                    port,
                    request.name(),
                    loop,
                    epoch -> guarded(() -> {
                        silent = epoch;
                        if (epoch > 0) reclaim(cluster, port);
                        else refusePort("port " + wanted + " is in use at node " + carrier);
                    }));
    }

    private void reclaim(Cluster cluster, Endpoint port) {
        cluster.routed()
                .take(
                        port,
                        home(),
                        routed -> on(loop, () -> {
                            if (routed == null) open(port.number());
                            else openRouted(routed);
                        }));
    }

    /** Opens a port that this node had for visitors of another. A refusal is on the client's loop, the rest is on that of the port. */
    private void openRouted(PublicEndpoint routed) {
        Places.Place found = null;
        try {
            found = place();
        } finally {
            if (found == null) home().runOrExecute(() -> routed.close(null));
        }
        if (found == null) return;
        Places.Place own = found;
        on(home(), () -> open(routed, own));
    }

    /** On the loop of the current owner. */
    private void take(Takeover takeover, int wanted) {
        if (!takeover.isPossible()) {
            on(loop, () -> open(wanted)); // it has ended by itself
            return;
        }
        Places.Place place = takeover.place();
        if (place == null) {
            Places.Answer answer = ticket.place(request.name(), request.limits().maxTunnels());
            place = answer.place();
            if (place == null) {
                on(loop, () -> refuse(answer));
                return;
            }
        }
        PublicEndpoint passed = takeover.take(home());
        Places.Place own = place;
        on(home(), () -> open(passed, own));
    }

    // ---- a tunnel that exists

    private void comeBackAnywhere(Optional<ServerTunnel> found, String lease) {
        Cluster cluster = server.cluster();
        if (found.isPresent() || cluster == null) comeBack(found, lease);
        else refuseUnlessElsewhere(lease);
    }

    /** The tunnel was that of another node. On the claimant's loop. */
    void comeBack(Optional<ServerTunnel> found, String lease) {
        if (found.isEmpty()) {
            refuseLease();
            return;
        }
        ServerTunnel tunnel = found.get();
        on(tunnel.loop(), () -> {
            if (!tunnel.grants().accept(request, lease)) on(loop, () -> refuseUnlessElsewhere(lease));
            else if (!tunnel.grants().match(request)) on(loop, this::refuseMismatch);
            else if (!tunnel.grants().haveRoomFor(request))
                on(loop, () -> refuseConnection(tunnel.request().mostConnections()));
            else if (request.join() == null && tunnel.entry().isGrantWaiting()) on(loop, this::refuseUnkept);
            else grant(tunnel);
        });
    }

    /** In a cluster, the tunnel may be at another node meanwhile, and this one has yet to learn it. */
    private void refuseUnlessElsewhere(String lease) {
        Cluster cluster = server.cluster();
        if (cluster == null || isElsewhere) refuseLease();
        else {
            isElsewhere = true;
            new ClusterReturn(cluster, this, lease).begin();
        }
    }

    void refuseLease() {
        refuse(Refusal.LEASE_UNKNOWN, "lease-unknown", "the lease is unknown or has expired");
    }

    private void refuseConnection(int most) {
        refuse(Refusal.CONNECTIONS, "limit-reached", "the tunnel has reached its limit of " + most + " connections");
    }

    void refuseMismatch() {
        refuse(
                Refusal.REQUEST,
                "bad-request",
                "port and visitor-address must be those of the tunnel; ask for the same as at first");
    }

    // ---- answers

    /** On the tunnel's loop. The client is answered when the next process could find the tunnel, too. */
    private void grant(ServerTunnel tunnel) {
        TunnelGrant grant = tunnel.grants().grant(this);
        tunnel.entry().grantWaits();
        tunnel.grants()
                .keep(failure -> on(tunnel.loop(), () -> {
                    tunnel.entry().grantWaitsNoLonger();
                    if (failure == null) on(loop, () -> grant(grant));
                    else on(loop, () -> takeBack(grant, failure));
                }));
    }

    private void grant(TunnelGrant grant) {
        if (server.isClosing()) { // the connection would end at once; an earlier lease of the client stays valid
            grant.withdraw();
            refuse(Refusal.DRAINING, ControlRefusal.DRAINING);
            return;
        }
        answered = true;
        claimant.granted(grant);
    }

    private void takeBack(TunnelGrant grant, IOException failure) {
        grant.withdraw();
        if (!(failure instanceof ClaimException refused)) refuseUnkept();
        else if (refused.isTaken() && acceptsAnyPort() && ++attempts < MOST_ATTEMPTS) open(0);
        else refuse(refused);
    }

    /** Returns whether another port does as well, if another node was faster. */
    private boolean acceptsAnyPort() {
        return request.resume() == null
                && request.join() == null
                && request.port() == 0
                && request.limits().ownPort() == 0;
    }

    /** The cluster has refused the claim. */
    void refuse(ClaimException refused) {
        refuse(refused.reason(), refused.refusal().code(), refused.refusal().text());
    }

    private void refuseUnkept() {
        refuse(Refusal.FAILURE, "internal", "the server cannot keep the tunnel on its disk now");
    }

    void refusePort(String why) {
        refuse(Refusal.PORT_UNAVAILABLE, "port-unavailable", why);
    }

    private void refuse(Refusal reason, String code, String why) {
        // The server may have begun to shut down since the claim began, which may be the reason of any refusal.
        if (server.isClosing()) refuse(Refusal.DRAINING, ControlRefusal.DRAINING);
        else refuse(reason, new ControlRefusal(code, why));
    }

    private void refuse(Refusal reason, ControlRefusal answer) {
        server.refused(reason, request.client(), "relay server: client {} refused: {}", request.who(), answer.text());
        refuse(answer);
    }

    private void refuse(ControlRefusal answer) {
        answered = true;
        claimant.refused(answer);
    }

    private <T> void with(CompletionStage<T> stage, Consumer<T> next) {
        stage.whenComplete((found, failure) -> on(loop, () -> {
            if (failure == null) next.accept(found);
            else refuse(Refusal.FAILURE, "registry-unavailable", "the registry of tunnels does not answer");
        }));
    }

    /** Continues on a loop; at once if it is this one. */
    void on(Loop target, Runnable step) {
        target.runOrExecute(() -> guarded(step));
    }

    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            server.failed(
                    request.client(), "relay server: unexpected failure, client {} gets no tunnel", request.who(), e);
            loop.runOrExecute(this::refuseUnlessAnswered);
        }
    }

    private void refuseUnlessAnswered() {
        if (!answered) refuse(new ControlRefusal("internal", "the server has failed"));
    }
}
