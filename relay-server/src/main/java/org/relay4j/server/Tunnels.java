package org.relay4j.server;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The tunnels of a server: assigns them to clients, and counts open and ended ones. Safe for use by several threads.
 */
final class Tunnels {
    private final RelayServer server;
    private final ReentrantLock lock = OrderedLock.leaf("the tunnels of a server");
    private final Condition none = lock.newCondition(); // the last tunnel and the last connection have ended
    private final Map<ServerTunnel, Account> open = new LinkedHashMap<>(); // guarded by lock
    private final NamedAccounts names = new NamedAccounts(); // guarded by lock
    private final Set<TunnelConnection> connections = new LinkedHashSet<>(); // that have not ended; guarded by lock
    private long established; // since the start; guarded by lock
    private int up; // established and open; guarded by lock
    private long bytesIn; // of connections that have ended; guarded by lock
    private long bytesOut; // of connections that have ended; guarded by lock

    Tunnels(RelayServer server) {
        this.server = server;
    }

    /**
     * A snapshot of all counts.
     *
     * @param connections those whose bytes are not in the totals
     */
    record Totals(List<TunnelConnection> connections, long established, int up, long bytesIn, long bytesOut) {}

    /**
     * Claims a tunnel for a client, on {@code loop}. A client that accepts any port and has no lease is answered before this method
     * returns.
     */
    void claim(ClientRequest request, Admission.Ticket ticket, Loop loop, Claimant claimant) {
        new Claim(server, request, ticket, loop, claimant).make();
    }

    /** Ends all tunnels of a name that has lost its proof, and resets their visitors. Does not block. */
    void revoke(String name) {
        for (ServerTunnel tunnel : all()) {
            if (name.equals(tunnel.owner())) tunnel.revoke();
        }
    }

    /** Adds an open tunnel, before its client knows of it, so that {@link #revoke} finds it from then on. */
    void opened(ServerTunnel tunnel) {
        lock.lock();
        try {
            Account own = new Account();
            own.named = names.opened(tunnel.owner());
            open.put(tunnel, own);
        } finally {
            lock.unlock();
        }
    }

    /** Adds a connection of an open tunnel. */
    void connected(TunnelConnection connection) {
        lock.lock();
        try {
            connections.add(connection);
        } finally {
            lock.unlock();
        }
    }

    /** Counts an open tunnel as established. */
    void established(ServerTunnel tunnel) {
        lock.lock();
        try {
            established++;
            up++;
            Account own = open.get(tunnel);
            if (own != null) own.tunnels = 1;
            Account named = names.get(tunnel.owner());
            if (named != null) named.tunnels++;
        } finally {
            lock.unlock();
        }
    }

    /** Removes an ended tunnel. Has no effect if it is not open. */
    void ended(ServerTunnel tunnel, boolean wasEstablished) {
        lock.lock();
        try {
            Account own = open.remove(tunnel);
            if (own == null) return;
            names.ended(tunnel.owner(), tunnel.visitors().accepted(), own.named);
            if (wasEstablished) up--;
            signal();
        } finally {
            lock.unlock();
        }
    }

    /** Removes an ended connection. Later calls have no effect. */
    void ended(TunnelConnection connection) {
        long in = connection.bytesIn();
        long out = connection.bytesOut();
        lock.lock();
        try {
            if (!connections.remove(connection)) return;
            bytesIn += in;
            bytesOut += out;
            add(open.get(connection.tunnel()), in, out);
            add(names.get(connection.tunnel().owner()), in, out);
            signal();
        } finally {
            lock.unlock();
        }
    }

    private static void add(@Nullable Account account, long in, long out) {
        if (account == null) return;
        account.bytesIn += in;
        account.bytesOut += out;
    }

    private void signal() {
        if (open.isEmpty() && connections.isEmpty()) none.signalAll();
    }

    int size() {
        lock.lock();
        try {
            return open.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns a copy. */
    List<ServerTunnel> all() {
        lock.lock();
        try {
            return List.copyOf(open.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** Returns a copy. */
    List<TunnelConnection> connections() {
        return totals().connections();
    }

    Totals totals() {
        lock.lock();
        try {
            return new Totals(List.copyOf(connections), established, up, bytesIn, bytesOut);
        } finally {
            lock.unlock();
        }
    }

    /** Returns everything that is open now. */
    Census census() {
        lock.lock();
        try {
            List<Census.Open> tunnels = new ArrayList<>(open.size());
            open.forEach((tunnel, account) ->
                    tunnels.add(new Census.Open(tunnel, account.tunnels > 0, account.bytesIn, account.bytesOut)));
            return new Census(tunnels, List.copyOf(connections), names.copy());
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is none, at most {@code nanos} nanoseconds; returns true if there is none. */
    boolean awaitNone(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (!open.isEmpty() || !connections.isEmpty()) {
                if (left <= 0) return false;
                left = none.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
