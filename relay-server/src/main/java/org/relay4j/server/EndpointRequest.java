package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.io.Loop;

/**
 * A line of a client about an endpoint of its tunnel: {@code OPEN}, {@code CLOSE} or {@code READY}. See section 5 of {@code
 * docs/protocol.md}. On the tunnel's loop, except where an endpoint is taken over from another tunnel.
 */
final class EndpointRequest {
    /** Maximum length of an endpoint in a line; the longest valid one has 258. Unit: characters. */
    private static final int LONGEST = 300;

    /** Maximum length of the number of a request. Unit: characters. */
    private static final int LONGEST_NUMBER = 20;

    private final RelayServer server;
    private final ServerTunnel tunnel;
    private final TunnelConnection connection;
    private final ControlLine line;
    private final String text; // the endpoint, as the client wrote it
    private final @Nullable Endpoint named; // null if the text is none
    private final boolean share; // asked for, and allowed
    private final @Nullable String number; // of a request for any port or name; null if the client does not repeat it
    private int attempts; // to claim any port or name, in a cluster
    private boolean answered;

    /** @throws IllegalArgumentException if the line names no endpoint, or one that is too long to be repeated in the answer */
    EndpointRequest(TunnelConnection connection, ControlLine line) {
        this.connection = connection;
        this.line = line;
        tunnel = connection.tunnel();
        server = tunnel.server();
        share = line.has("share")
                && tunnel.owner() != null
                && tunnel.request().limits().share();
        text = line.words().isEmpty() ? "" : line.words().keySet().iterator().next();
        if (text.isEmpty() || text.length() > LONGEST || line.value(text) != null) {
            throw new IllegalArgumentException(line.keyword() + " needs an endpoint, of " + LONGEST + " bytes at most");
        }
        named = parse(text);
        number = named != null && named.isAny() ? line.value("request") : null;
        if (number != null && number.length() > LONGEST_NUMBER) {
            throw new IllegalArgumentException("the value of request has more than " + LONGEST_NUMBER + " bytes");
        }
    }

    /** Returns whether a line is about an endpoint. */
    static boolean isKeyword(String keyword) {
        return keyword.equals("OPEN") || keyword.equals("CLOSE") || keyword.equals("READY");
    }

    /** Handles the line. The connection is answered exactly once, usually before this method returns. */
    void handle() {
        guarded(() -> {
            if (connection.isSuperseded()) answer(null);
            else if (line.keyword().equals("OPEN")) open();
            else if (line.keyword().equals("CLOSE")) close();
            else ready();
        });
    }

    private static @Nullable Endpoint parse(String text) {
        try {
            return Endpoint.parse(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private @Nullable PublicEndpoint present() {
        return named == null ? null : tunnel.endpoints().find(named);
    }

    private void ready() {
        PublicEndpoint present = present();
        if (present != null && line.has("no")) tunnel.endpoints().ready(present, false);
        else if (present != null && line.has("yes")) tunnel.endpoints().ready(present, true);
        answer(null);
    }

    private void close() {
        PublicEndpoint present = present();
        byte[] closed = ControlLine.of("CLOSED").with(text).encode();
        if (present == null) answer(closed);
        else
            tunnel.endpoints().close(present, () -> {
                tunnel.entry().update();
                answer(closed);
            });
    }

    // ---- OPEN

    private void open() {
        Endpoint wanted = named;
        if (refusedAtOnce() || wanted == null) {
            if (!answered) refuse(Refusal.REQUEST, "bad-request", "'" + text + "' is not an endpoint");
            return;
        }
        if (isDecided(wanted)) return;
        if (!tunnel.request().limits().allows(wanted)) {
            refuse(Refusal.PORT_UNAVAILABLE, "port-unavailable", text + " is not one that this client may have");
        } else if (wanted.isAny()) {
            add(wanted);
        } else {
            server.registry()
                    .ofEndpoint(wanted)
                    .whenComplete((owner, failure) -> on(tunnel.loop(), () -> {
                        if (failure == null) openOrTake(wanted, owner);
                        else refuse(Refusal.FAILURE, "registry-unavailable", "the registry of tunnels does not answer");
                    }));
        }
    }

    /** Answers if the tunnel has the endpoint, or may have no more. Also after each wait: another line may have changed that. */
    private boolean isDecided(Endpoint wanted) {
        PublicEndpoint present = find(wanted);
        if (present != null) {
            tunnel.endpoints().sharing().set(present, share);
            tunnel.endpoints().confirm(present);
            answer(opened(present));
        } else if (tunnel.endpoints().size() >= tunnel.request().mostEndpoints()) {
            String most =
                    "the tunnel has reached its limit of " + tunnel.request().mostEndpoints() + " endpoints";
            refuse(Refusal.ENDPOINTS, "limit-reached", most);
        }
        return answered;
    }

    /** Returns the endpoint, if the tunnel has it already. */
    private @Nullable PublicEndpoint find(Endpoint wanted) {
        if (!wanted.isAny()) return tunnel.endpoints().find(wanted);
        return number == null ? null : tunnel.endpoints().requested(number, wanted.kind());
    }

    /** Returns whether nobody reads the answer any more. From any thread. */
    private boolean isGone() {
        return connection.isSuperseded() || !tunnel.isOpen();
    }

    private boolean refusedAtOnce() {
        if (server.isClosing() || !tunnel.isOpen()) {
            refuse(Refusal.DRAINING, ControlRefusal.DRAINING.code(), ControlRefusal.DRAINING.text());
        } else if (!tunnel.visitorAddresses()) {
            String remedy = "endpoints need the word visitor-address in the request of the tunnel";
            refuse(Refusal.REQUEST, "bad-request", remedy);
        }
        return answered;
    }

    private void openOrTake(Endpoint wanted, Optional<ServerTunnel> owner) {
        if (owner.isEmpty()) {
            add(wanted);
            return;
        }
        ServerTunnel other = owner.get();
        if (other == tunnel) { // it is closing it, or another line was faster
            tunnel.endpoints().hasten(wanted);
            add(wanted);
            return;
        }
        if (tunnel.owner() == null || !tunnel.owner().equals(other.owner())) {
            refuse(Refusal.PORT_UNAVAILABLE, "port-unavailable", "another client has " + text);
            return;
        }
        PublicEndpoint shared =
                share && other.loop() == tunnel.loop() ? other.endpoints().find(wanted) : null;
        if (shared != null && other.isOpen() && other.endpoints().sharing().includes(shared)) {
            add(new SharedEndpoint(shared));
            return;
        }
        on(other.loop(), () -> {
            Takeover takeover = new Takeover(other, wanted);
            takeover.begin(isFree -> take(takeover, wanted, isFree));
        });
    }

    /** On the loop of the present owner. */
    private void take(Takeover takeover, Endpoint wanted, boolean isFree) {
        boolean taken = isFree && !isGone() && takeover.isPossible();
        PublicEndpoint passed = taken ? takeover.take(tunnel.loop()) : null;
        on(tunnel.loop(), () -> {
            if (!isFree) refuse(Refusal.PORT_UNAVAILABLE, "port-unavailable", text + inUse());
            else if (passed == null) add(wanted); // the other tunnel has ended by itself
            else add(passed);
        });
    }

    private String inUse() {
        String inUse = " is in use by a program of the same name";
        if (!line.has("share")) return inUse;
        return inUse
                + (share
                        ? ", which does not share it"
                        : ", and the server does not let it be shared; set share = true for this client in the clients file");
    }

    /** Opens the endpoint. */
    private void add(Endpoint wanted) {
        if (isGone()) {
            answer(null);
            return;
        }
        if (isDecided(wanted)) return;
        Cluster cluster = wanted.isAny() ? null : server.cluster();
        String carrier = cluster == null ? null : cluster.carrier(wanted);
        if (cluster == null) open(wanted);
        else if (carrier == null || tunnel.entry().isElsewhere(wanted)) addRouted(cluster, wanted);
        else
            DistantTakeover.begin(
                    cluster,
                    wanted,
                    tunnel.owner(),
                    tunnel.loop(),
                    epoch -> guarded(() -> {
                        if (epoch > 0) {
                            tunnel.entry().silent(wanted, epoch);
                            addRouted(cluster, wanted);
                        } else
                            refuse(
                                    Refusal.PORT_UNAVAILABLE,
                                    "port-unavailable",
                                    text + " is in use at node " + carrier);
                    }));
    }

    /** Opens an endpoint that this node may have open for visitors of other nodes. */
    private void addRouted(Cluster cluster, Endpoint wanted) {
        cluster.routed()
                .take(
                        wanted,
                        tunnel.loop(),
                        routed -> guarded(() -> {
                            if (routed == null) open(wanted);
                            else add(routed);
                        }));
    }

    private void open(Endpoint wanted) {
        try {
            add(PublicEndpoint.open(server, tunnel.loop(), tunnel.request().limits(), wanted));
        } catch (BindException e) {
            boolean any = wanted.isAny();
            String why = String.valueOf(e.getMessage());
            refuse(any ? Refusal.NO_PORT : Refusal.PORT_UNAVAILABLE, any ? "no-port-free" : "port-unavailable", why);
        } catch (IOException e) {
            refuse(Refusal.FAILURE, "internal", "the endpoint cannot be opened: " + e.getMessage());
        }
    }

    private void add(PublicEndpoint endpoint) {
        if (isGone()) {
            endpoint.close(null);
            answer(null);
            return;
        }
        if (isDecided(endpoint.endpoint())) {
            endpoint.close(null);
            return;
        }
        try {
            tunnel.endpoints().add(endpoint);
        } catch (IOException e) {
            refuse(Refusal.FAILURE, "internal", "the endpoint cannot be opened: " + e.getMessage());
            return;
        }
        tunnel.endpoints().sharing().set(endpoint, share && endpoint.queue() != null);
        if (number != null) tunnel.endpoints().request(number, endpoint);
        tunnel.grants()
                .keep(failure -> on(tunnel.loop(), () -> {
                    if (failure == null) answer(opened(endpoint));
                    else {
                        tunnel.endpoints().giveBack(endpoint);
                        if (failure instanceof ClaimException refused) refuse(refused);
                        else refuse(Refusal.FAILURE, "internal", "the server cannot keep the endpoint on its disk now");
                    }
                }));
    }

    /** The cluster has refused the claim. */
    private void refuse(ClaimException refused) {
        Endpoint wanted = named;
        if (wanted != null && wanted.isAny() && refused.isTaken() && ++attempts < Claim.MOST_ATTEMPTS) add(wanted);
        else
            refuse(refused.reason(), refused.refusal().code(), refused.refusal().text());
    }

    private byte[] opened(PublicEndpoint endpoint) {
        ControlLine opened = ControlLine.of("OPENED").with(endpoint.endpoint().toString());
        if (share && tunnel.endpoints().sharing().includes(endpoint)) opened = opened.with("share");
        return opened.with("public", endpoint.publicAddress()).encode();
    }

    // ---- answers

    private void refuse(Refusal reason, String code, String why) {
        server.refused(
                reason, connection.request().client(), "{}: endpoint {} refused, {}: {}", tunnel, text, code, why);
        answer(new ControlRefusal(code, why).refused(text));
    }

    /** Answers the connection; with null, the line has no answer. */
    private void answer(byte @Nullable [] answer) {
        answered = true;
        connection.control().answer(answer);
    }

    private void on(Loop target, Runnable step) {
        target.runOrExecute(() -> guarded(step));
    }

    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            server.failed(
                    connection.request().client(), "{}: unexpected failure, endpoint {} refused", tunnel, text, e);
            tunnel.loop().runOrExecute(() -> {
                if (!answered) answer(new ControlRefusal("internal", "the server has failed").refused(text));
            });
        }
    }
}
