package org.relay4j.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;

/**
 * Counts the visitors of a tunnel, of all its endpoints together, and refuses those beyond a limit. On the tunnel's loop, unless a
 * method says otherwise.
 */
final class TunnelVisitors {
    /** Maximum number of visitors of a held tunnel that wait for a connection. */
    static final int MOST_WAITING = 128;

    /** Maximum number of new visitors of UDP ports in a second: clients end a session with too many useless streams. */
    private static final int MOST_DATAGRAM_VISITORS = 5_000;

    private final RelayServer server;
    private final VisitorLimits limits;
    private final int ownMost; // 0: only the limit of the server
    private final AtomicInteger present = new AtomicInteger(); // written on the loop
    private final AtomicLong accepted = new AtomicLong(); // since the start; written on the loop
    private final AtomicLong movedIn = new AtomicLong(); // accepted by another tunnel; written on the loop
    private int waiting; // for a connection, or for the rest of their header
    private long refused; // beyond a limit
    private final VisitorLimits ofDatagrams = new VisitorLimits(
            ClientLimits.builder().visitorsPerSecond(MOST_DATAGRAM_VISITORS).build(), System.nanoTime());

    TunnelVisitors(RelayServer server, ClientLimits limits) {
        this.server = server;
        this.limits = new VisitorLimits(limits, System.nanoTime());
        ownMost = limits.maxVisitors();
    }

    // ---- counts

    /** Returns the number of visitors that were accepted and have not left. From any thread. */
    int present() {
        return present.get();
    }

    /** Returns the number of visitors that this tunnel accepted. From any thread. */
    long accepted() {
        return accepted.get();
    }

    /** Returns the number of visitors that this tunnel accepted, or got together with an endpoint. From any thread. */
    long everPresent() {
        return accepted.get() + movedIn.get();
    }

    int waiting() {
        return waiting;
    }

    /** Returns whether one more visitor may wait. */
    boolean mayWait() {
        return waiting < MOST_WAITING;
    }

    /** Counts one more that waits. */
    void waits() {
        waiting++;
    }

    /** Counts one less that waits. */
    void waitsNoLonger() {
        waiting--;
    }

    // ---- limits

    /** Counts a visitor, which must {@link #leave} later. If it exceeds a limit, it is logged instead, and false is returned. */
    boolean admit(ServerTunnel owner, InetSocketAddress from) {
        Refusal reason = check(from);
        if (reason != null) {
            refused++;
            report(owner, reason, from);
            return false;
        }
        present.incrementAndGet();
        accepted.incrementAndGet();
        return true;
    }

    private @Nullable Refusal check(InetSocketAddress from) {
        if (!server.options().visitorFilter().allows(from.getAddress())) return Refusal.VISITOR_ADDRESS;
        if (present.get() >= most()) return Refusal.VISITORS_OF_TUNNEL;
        Refusal reason = limits.enter(from.getAddress(), System.nanoTime());
        if (reason != null) return reason;
        if (server.admission().enterVisitor()) return null;
        limits.leave(from.getAddress());
        return Refusal.VISITORS;
    }

    private int most() {
        int most = server.options().maxVisitorsPerTunnel();
        return ownMost > 0 ? Math.min(ownMost, most) : most;
    }

    /** Returns whether one more visitor of a UDP port may come now. They do not count as visitors otherwise. */
    boolean admitsDatagrams(InetAddress from, long now) {
        return ofDatagrams.enter(from, now) == null;
    }

    /** Called when the connection of an admitted visitor has ended. */
    void leave(InetSocketAddress visitor) {
        moveOut(visitor.getAddress());
        server.admission().leaveVisitor();
    }

    /** Counts a visitor that another tunnel has admitted, even beyond a limit. */
    void moveIn(InetAddress visitor) {
        present.incrementAndGet();
        movedIn.incrementAndGet();
        limits.add(visitor);
    }

    /** Another tunnel counts the visitor from now on. */
    void moveOut(InetAddress visitor) {
        present.decrementAndGet();
        limits.leave(visitor);
    }

    private void report(ServerTunnel owner, Refusal reason, InetSocketAddress from) {
        String visitor = Sockets.text(from);
        switch (reason) {
            case VISITOR_ADDRESS ->
                server.refused(reason, from, "{}: visitor {} refused, its address is not allowed", owner, visitor);
            case VISITORS_OF_ADDRESS ->
                server.refused(
                        reason,
                        from,
                        "{}: visitor {} refused, {} of its address are connected ({} refused so far)",
                        owner,
                        visitor,
                        limits.mostOfAnAddress(),
                        refused);
            case VISITOR_RATE ->
                server.refused(
                        reason,
                        from,
                        "{}: visitor {} refused, more came than {} in a second ({} refused so far)",
                        owner,
                        visitor,
                        limits.perSecond(),
                        refused);
            default ->
                server.refused(
                        reason,
                        from,
                        "{}: visitor refused, {} of {} here and {} of {} in all are connected ({} refused so far)",
                        owner,
                        present.get(),
                        most(),
                        server.admission().visitors(),
                        server.options().maxVisitors(),
                        refused);
        }
    }
}
