package org.relay4j.server;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The tunnels that a server has from the process before it. They get their ports before the control port is open, and wait for
 * their clients from the moment when the server has started. Used by the thread that starts the server.
 */
final class ServerState implements Closeable {
    /*
     * A tunnel is dropped if its name is gone, if a limit was lowered, or if it has one endpoint and does not get that any more,
     * because it is taken or not allowed. Of several endpoints, only those are dropped that it does not get.
     * Whatever may pass, such as a policy that does not answer or a lack of file descriptors, fails the start instead. The file
     * stays as it is until the server has started, so the next attempt finds all tunnels.
     */

    private static final Logger log = LoggerFactory.getLogger(ServerState.class);
    private static final int BURST = 100; // lines

    private final StateFile file;
    private final List<KeptTunnel> found;
    private final Map<ServerTunnel, KeptTunnel> restored = new LinkedHashMap<>();
    private final List<Revocations.Entry> names = new ArrayList<>(); // of clients that were looked up
    private final LimitedLog drops = new LimitedLog(log, Level.WARN, BURST);

    private ServerState(StateFile file, List<KeptTunnel> found) {
        this.file = file;
        this.found = found;
    }

    /**
     * Takes the file and reads it.
     *
     * @throws FileSystemException if it cannot be used; the message says what to do
     */
    static ServerState open(Path path) throws IOException {
        StateFile file = StateFile.open(path);
        boolean read = false;
        try {
            ServerState state = new ServerState(file, file.read());
            read = true;
            return state;
        } finally {
            if (!read) file.close();
        }
    }

    /**
     * Binds the ports. Blocks while the policy looks up the names, at most three seconds.
     *
     * @throws IOException if the policy does not answer, or a port cannot be opened for another reason than that it is taken
     */
    void bind(RelayServer server) throws IOException {
        Map<String, Optional<ClientLimits>> limits = lookUp(server);
        for (KeptTunnel tunnel : found) {
            Optional<ClientLimits> own = tunnel.owner() == null
                    ? Optional.of(server.gate().nameless())
                    : limits.getOrDefault(tunnel.owner(), Optional.empty());
            if (own.isEmpty()) drop(tunnel, "the policy of this server has no client '" + tunnel.owner() + "'");
            else bind(server, tunnel, own.get());
        }
    }

    private void bind(RelayServer server, KeptTunnel kept, ClientLimits limits) throws IOException {
        Loop loop = Claim.homeOf(server, kept.owner(), limits, server.loops().next());
        PublicEndpoint port = kept.port() == 0 ? null : open(server, loop, kept, limits, Endpoint.port(kept.port()));
        if (kept.port() > 0 && port == null && kept.others().isEmpty()) return;
        ServerTunnel tunnel = null;
        try {
            Places.Place place = server.admission()
                    .reserve(kept.client().getAddress(), kept.owner(), limits.maxTunnels())
                    .place();
            if (place != null) {
                Endpoints endpoints = new Endpoints(server.registry(), loop, port);
                tunnel = Restoration.of(server, kept, limits, endpoints, place);
            }
        } finally {
            if (tunnel == null && port != null) port.close(null);
        }
        if (tunnel == null) {
            drop(kept, "a limit of tunnels is reached");
            return;
        }
        restored.put(tunnel, kept);
        for (Endpoint other : kept.others()) {
            PublicEndpoint opened = open(server, loop, kept, limits, other);
            if (opened != null) tunnel.endpoints().restore(opened);
        }
    }

    /** Opens an endpoint; null if the tunnel does not get it any more. */
    private @Nullable PublicEndpoint open(
            RelayServer server, Loop loop, KeptTunnel kept, ClientLimits limits, Endpoint endpoint) throws IOException {
        int number = endpoint.number();
        boolean isPort = endpoint.kind() == Endpoint.Kind.TCP;
        boolean isAll = isPort && number == kept.port() && kept.others().isEmpty();
        String what = isAll ? "the tunnel of port " + number : "endpoint " + endpoint;
        String refusal = Restoration.refusal(server, limits, endpoint);
        if (refusal != null) {
            drop(what, kept, refusal);
            return null;
        }
        try {
            return PublicEndpoint.open(server, loop, limits, endpoint);
        } catch (BindException e) {
            drop(what, kept, (isPort ? "the port cannot be bound: " : "it cannot be opened: ") + e.getMessage());
            return null;
        } catch (IOException e) {
            throw new IOException("cannot open " + endpoint + " of the state file " + file + ": " + e.getMessage(), e);
        }
    }

    private void drop(KeptTunnel tunnel, String why) {
        drop("the tunnel" + (tunnel.port() == 0 ? "" : " of port " + tunnel.port()), tunnel, why);
    }

    private void drop(String what, KeptTunnel tunnel, String why) {
        drops.log(
                "relay server: {} (client {}) was not kept: {}",
                what,
                tunnel.owner() == null ? Sockets.text(tunnel.client()) : tunnel.owner(),
                why);
    }

    /** Returns the limits of the names; empty for one that the policy does not know. */
    private Map<String, Optional<ClientLimits>> lookUp(RelayServer server) throws IOException {
        Set<String> wanted = new TreeSet<>();
        for (KeptTunnel tunnel : found) if (tunnel.owner() != null) wanted.add(tunnel.owner());
        Map<String, Optional<ClientLimits>> limits = new LinkedHashMap<>();
        if (wanted.isEmpty()) return limits;
        for (String name : wanted) names.add(server.gate().revocations().add(name, () -> {}));
        CompletableFuture<Map<String, CompletableFuture<Optional<NamedClient>>>> asked = new CompletableFuture<>();
        TunnelPolicy policy = server.options().policy();
        server.gate().verifiers().run(this, () -> asked.complete(ask(policy, wanted)));
        long deadline = System.nanoTime() + Gate.DECISION;
        for (Map.Entry<String, CompletableFuture<Optional<NamedClient>>> each :
                within(deadline, asked, "any name").entrySet()) {
            String name = each.getKey();
            limits.put(name, within(deadline, each.getValue(), "'" + name + "'").map(NamedClient::limits));
        }
        return limits;
    }

    private static Map<String, CompletableFuture<Optional<NamedClient>>> ask(TunnelPolicy policy, Set<String> names) {
        Map<String, CompletableFuture<Optional<NamedClient>>> answers = new LinkedHashMap<>();
        for (String name : names) {
            try {
                answers.put(name, policy.find(name).toCompletableFuture());
            } catch (RuntimeException | Error e) {
                answers.put(name, CompletableFuture.failedFuture(e));
            }
        }
        return answers;
    }

    private <T> T within(long deadline, CompletableFuture<T> answer, String name) throws IOException {
        try {
            return answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(
                    "the policy has no answer for " + name + " in the state file " + file
                            + (e instanceof TimeoutException ? " after 3 s" : ": " + e.getCause())
                            + "; start again when it can answer",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the policy looks up names");
        }
    }

    /**
     * Writes the file, and has the tunnels wait for their clients.
     *
     * @return the writer of the changes from now on
     * @throws FileSystemException if the file cannot be written
     */
    StateWriter begin(RelayServer server) throws IOException {
        Collection<KeptTunnel> kept = restored.values();
        file.begin(kept);
        StateWriter writer = new StateWriter(file, kept, server.options().maxPending());
        if (!found.isEmpty()) {
            log.info(
                    "relay server: {} tunnels of the last process wait for their clients, {} were not kept",
                    restored.size(),
                    found.size() - restored.size());
        }
        return writer;
    }

    /** Has the tunnels wait for their clients. */
    void hold(RelayServer server) {
        restored.forEach(
                (tunnel, kept) -> tunnel.loop().execute(() -> tunnel.awaitClient(kept, "the server was restarted")));
        for (Revocations.Entry name : names) {
            name.onRevoke(() -> server.tunnels().revoke(name.name()));
            name.remove();
        }
    }

    /** The server has not started: gives the ports back. */
    void abandon() {
        for (ServerTunnel tunnel : restored.keySet()) tunnel.endpoints().close();
        for (Revocations.Entry name : names) name.remove();
        close();
    }

    /** Lets another process have the file. */
    @Override
    public void close() {
        file.close();
    }
}
