package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.ClaimLostException;
import org.relay4j.server.cluster.ClusterNode;
import org.relay4j.server.cluster.TunnelRecord;
import org.relay4j.yamux.io.Loop;

/**
 * A client comes back to a tunnel that another node of the cluster has, or had: this node takes the tunnel over, or with {@code join}
 * carries it, too. On the tunnel's loop, unless a method says otherwise.
 */
final class ClusterReturn {
    /*
     * The order matters. First the proof, which the record has: its hashes of leases, and the name of the client. Then the endpoints,
     * because a node that cannot open them must not take the tunnel away from another one. Then the tunnel, which lets visitors wait;
     * then the record, and only then the client is answered.
     */
    private static final int MOST_ATTEMPTS = 4;

    private final Cluster cluster;
    private final RelayServer server;
    private final Claim claim;
    private final ClientRequest request;
    private final String lease;
    private final Loop loop; // of the tunnel
    private int attempts; // to store the record
    private final List<PublicEndpoint> opened = new ArrayList<>();

    ClusterReturn(Cluster cluster, Claim claim, String lease) {
        this.cluster = cluster;
        this.claim = claim;
        this.lease = lease;
        server = cluster.server();
        request = claim.request();
        loop = claim.home();
    }

    /** Reads the record of the tunnel. On the claimant's loop. */
    void begin() {
        String id = Lease.tunnelOf(lease);
        if (!KeptTunnel.isId(id)) claim.refuseLease();
        else if (!cluster.begins(id)) {
            claim.refuse(ClaimException.busy("another connection of the tunnel is being made; try again"));
        } else
            cluster.node()
                    .find(id)
                    .whenComplete((found, failure) -> claim.on(loop, () -> {
                        if (failure != null) end(unavailable("find", failure));
                        else check(found);
                    }));
    }

    /** Reports what the store has refused. Returns the answer to the client, which is not told why. */
    private Runnable unavailable(String what, Throwable failure) {
        Throwable cause = ClaimException.cause(failure);
        cluster.failed("cannot " + what + " tunnel " + Lease.tunnelOf(lease), cause);
        return () -> claim.refuse(ClaimException.unavailable(cause));
    }

    /** The return is over: answers the client on its loop. */
    private void end(Runnable answer) {
        cluster.ends(Lease.tunnelOf(lease));
        for (PublicEndpoint each : opened) each.close(null);
        opened.clear();
        claim.on(claim.loop(), answer);
    }

    private void check(Optional<TunnelRecord> found) {
        TunnelRecord record = found.orElse(null);
        KeptTunnel kept = record == null ? null : kept(record);
        if (record == null || kept == null || !isProved(kept)) end(claim::refuseLease);
        else if (!matches(kept)) end(claim::refuseMismatch);
        else withdraw(record, kept);
    }

    /** Ends a tunnel of this node that another one has taken since. One that this node shares learns the lease. */
    private void withdraw(TunnelRecord record, KeptTunnel kept) {
        ServerTunnel here = cluster.tunnel(record.id());
        if (here == null) open(record, kept);
        else if (cluster.node().carries(record))
            claim.on(here.loop(), () -> {
                here.entry().learn(record.text());
                end(() -> claim.comeBack(Optional.of(here), lease));
            });
        else if (record.stored().node().equals(cluster.name())) end(claim::refuseLease);
        else
            claim.on(here.loop(), () -> {
                here.lostToOther("another node has taken over the tunnel");
                claim.on(loop, () -> open(record, kept));
            });
    }

    private static @Nullable KeptTunnel kept(TunnelRecord record) {
        if (record.text().isEmpty()) return null; // a tunnel without a lease
        try {
            KeptTunnel kept = KeptTunnel.parse(record.text());
            for (Endpoint each : record.endpoints()) {
                if (each.kind() != Endpoint.Kind.TCP || each.number() != kept.port()) kept = kept.with(each);
            }
            boolean hasPort = kept.port() == 0 || record.endpoints().contains(Endpoint.port(kept.port()));
            return hasPort ? kept : kept.without(Endpoint.port(kept.port()));
        } catch (IllegalArgumentException e) {
            return null; // of another version
        }
    }

    private boolean isProved(KeptTunnel kept) {
        boolean lacksPort = request.port() >= 0 && kept.port() == 0;
        boolean proved =
                Lease.kept(server.random(), 0, kept.id(), kept.leases()).accepts(lease);
        return proved && Objects.equals(kept.owner(), request.name()) && !lacksPort;
    }

    private boolean matches(KeptTunnel kept) {
        boolean samePort = request.port() == 0 || Math.max(0, request.port()) == kept.port();
        return samePort && kept.visitorAddress() == request.visitorAddress();
    }

    // ---- endpoints

    private void open(TunnelRecord record, KeptTunnel kept) {
        open(record.endpoints().iterator(), () -> make(record, kept), this::end);
    }

    /**
     * Opens the endpoints one after the other.
     *
     * @param done called when all are open
     * @param refused called with the answer to the client if one cannot be opened
     */
    private void open(Iterator<Endpoint> left, Runnable done, Consumer<Runnable> refused) {
        if (!left.hasNext()) {
            done.run();
            return;
        }
        Endpoint next = left.next();
        String refusal = Restoration.refusal(server, request.limits(), next);
        if (refusal != null && joins()) {
            open(left, done, refused); // the other nodes keep it, and this one may pass its visitors on
            return;
        }
        cluster.routed().take(next, loop, taken -> {
            IOException failure = null;
            try {
                if (refusal != null) {
                    if (taken != null) taken.close(null);
                } else if (taken != null) opened.add(taken);
                else opened.add(PublicEndpoint.open(server, loop, request.limits(), next));
            } catch (IOException e) {
                failure = e;
            }
            if (failure == null) open(left, done, refused);
            else refused.accept(cannotOpen(next, failure));
        });
    }

    private boolean joins() {
        return request.join() != null;
    }

    /** Returns the answer to the client. */
    private Runnable cannotOpen(Endpoint endpoint, IOException failure) {
        String why = endpoint + " cannot be opened at node " + cluster.name() + ": " + failure.getMessage();
        return () -> {
            if (failure instanceof BindException) claim.refusePort(why);
            else claim.refuse(ClaimException.busy(why));
        };
    }

    // ---- the tunnel

    private void make(TunnelRecord record, KeptTunnel kept) {
        KeptTunnel own = joins() ? kept.shared() : kept;
        PublicEndpoint port = null;
        for (PublicEndpoint each : opened) {
            if (own.port() > 0 && each.endpoint().equals(Endpoint.port(own.port()))) port = each;
        }
        Places.Answer answer =
                claim.ticket().place(request.name(), request.limits().maxTunnels());
        Places.Place place = answer.place();
        if (place == null) {
            end(() -> claim.refuse(answer));
            return;
        }
        Endpoints endpoints = new Endpoints(server.registry(), loop, port);
        ServerTunnel tunnel = Restoration.of(server, own, request.limits(), endpoints, place);
        for (PublicEndpoint each : opened) if (!each.equals(port)) endpoints.restore(each);
        opened.clear();
        store(tunnel, own, record);
    }

    private void store(ServerTunnel tunnel, KeptTunnel own, TunnelRecord record) {
        String text = own.line().toString();
        ClusterNode node = cluster.node();
        CompletionStage<TunnelRecord> stored = joins() ? node.share(record, text) : node.take(record, text);
        stored.whenComplete((now, failure) -> claim.on(loop, () -> {
            if (failure == null) stored(tunnel, own, now);
            else if (ClaimException.cause(failure) instanceof ClaimLostException && ++attempts < MOST_ATTEMPTS) {
                readAgain(tunnel, record.id());
            } else giveUp(tunnel, unavailable("take over", failure));
        }));
    }

    /** The record has changed since it was read, for example because the other node has stored a lease. */
    private void readAgain(ServerTunnel tunnel, String id) {
        cluster.node()
                .find(id)
                .whenComplete((found, failure) -> claim.on(loop, () -> {
                    TunnelRecord record = failure == null ? found.orElse(null) : null;
                    KeptTunnel kept = record == null ? null : kept(record);
                    if (failure != null) giveUp(tunnel, unavailable("find", failure));
                    else if (record == null || kept == null || !isProved(kept)) giveUp(tunnel, claim::refuseLease);
                    else openNew(tunnel, joins() ? kept.shared() : kept, record);
                }));
    }

    /** The client may have opened further endpoints at the other node. */
    private void openNew(ServerTunnel tunnel, KeptTunnel own, TunnelRecord record) {
        Endpoints endpoints = tunnel.endpoints();
        List<Endpoint> added = record.endpoints().stream()
                .filter(each -> endpoints.find(each) == null)
                .toList();
        open(
                added.iterator(),
                () -> {
                    for (PublicEndpoint each : opened) endpoints.restore(each);
                    opened.clear();
                    store(tunnel, own, record);
                },
                answer -> giveUp(tunnel, answer));
    }

    private void giveUp(ServerTunnel tunnel, Runnable answer) {
        tunnel.ending().letGo("its client does not get it back");
        end(answer);
    }

    private void stored(ServerTunnel tunnel, KeptTunnel kept, TunnelRecord record) {
        TunnelClaims claims = tunnel.entry().claims();
        if (claims != null) claims.restored(record, joins());
        tunnel.awaitClient(kept, "its client comes from another node");
        end(() -> claim.comeBack(Optional.of(tunnel), lease));
    }
}
