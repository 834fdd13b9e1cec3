package org.relay4j.server;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of a server, with time for its visitors or at once. Safe for use by several threads. */
final class ServerShutdown {
    private static final Logger log = LoggerFactory.getLogger(RelayServer.class);
    private static final long CLOSE_DEADLINE = TimeUnit.SECONDS.toNanos(2);
    private static final long LONGEST_DRAIN = 999_999_999; // s, as announced to clients

    private final RelayServer server;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean closing; // accepts no more clients
    private volatile long drainedBy; // when visitors are reset, ns of System.nanoTime; set before closing

    ServerShutdown(RelayServer server) {
        this.server = server;
    }

    /** Returns true once no more clients are served. */
    boolean isClosing() {
        return closing;
    }

    /** Returns true once all visitors are being reset. Implies {@link #isClosing}. */
    boolean isClosed() {
        return closed.get();
    }

    /** Blocks until the server has ended. */
    void awaitEnd() throws InterruptedException {
        ended.await();
    }

    /** Returns the time that visitors still have, rounded up. Unit: seconds. */
    long secondsToDrain() {
        return secondsUntil(drainedBy);
    }

    private static long secondsUntil(long end) {
        long nanos = Math.max(0, end - System.nanoTime());
        return Math.min(LONGEST_DRAIN, (nanos + 999_999_999) / 1_000_000_000);
    }

    /**
     * Lets visitors finish, at most for {@code nanos} nanoseconds, and closes the server. Blocks until that is done.
     *
     * @return true if all visitors had finished
     */
    boolean drain(long nanos) {
        long end = System.nanoTime() + nanos;
        if (!closing) {
            log.info(
                    "relay server: shutting down, {} visitors may finish within {} s",
                    server.visitorCount(),
                    secondsUntil(end));
        }
        drainedBy = end;
        closing = true;
        Tunnels tunnels = server.tunnels();
        Cluster cluster = server.cluster();
        if (cluster != null) cluster.drain();
        for (TunnelConnection connection : tunnels.connections())
            connection.control().announceDrain();
        boolean finished = false;
        try {
            if (cluster != null) {
                awaitOtherNodes(cluster, nanos);
                cluster.routed().finish();
            }
            for (ServerTunnel tunnel : tunnels.all()) tunnel.drain();
            finished = tunnels.awaitNone(end - System.nanoTime());
            if (cluster != null) finished &= cluster.counts().awaitNoneRouted(end - System.nanoTime());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
        return finished;
    }

    /**
     * Waits until load balancers send visitors to other nodes, and clients have connected to them. Until then the public ports accept
     * visitors.
     */
    private void awaitOtherNodes(Cluster cluster, long most) throws InterruptedException {
        boolean over = ended.await(Math.min(cluster.drainDelay(), most), TimeUnit.NANOSECONDS);
        if (over) log.debug("relay server: closed meanwhile");
    }

    /** Resets all visitors and ends the threads. Blocks until that is done. Later calls have no effect. */
    void close() {
        boolean again = closed.getAndSet(true);
        closing = true;
        if (again) return;
        server.control().close();
        server.names().close();
        List<TunnelConnection> ending = server.tunnels().connections();
        for (ServerTunnel tunnel : server.tunnels().all()) tunnel.close();
        // including those that no longer belong to a tunnel
        for (TunnelConnection connection : ending) connection.close();
        long deadline = System.nanoTime() + CLOSE_DEADLINE;
        boolean interruptedFirst = awaitAccepted(deadline);
        boolean interrupted = awaitEnd(ending, deadline) || interruptedFirst;
        Cluster cluster = server.cluster();
        if (cluster != null) cluster.close();
        server.loops().close();
        server.gate().close();
        StateWriter state = server.state();
        if (state != null) state.close();
        ended.countDown();
        log.info("relay server: closed {}", server.control().text());
        if (interrupted) Thread.currentThread().interrupt();
    }

    /**
     * Waits until the last accepted client was handed to its loop, because a stopped loop would never serve it. Returns true if
     * the thread was interrupted.
     */
    private boolean awaitAccepted(long deadline) {
        CountDownLatch accepted = new CountDownLatch(1);
        server.controlLoop().execute(accepted::countDown);
        boolean interrupted = false;
        while (true) {
            try {
                if (!accepted.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) log.debug("the loop is busy");
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    private static boolean awaitEnd(List<TunnelConnection> ending, long deadline) {
        try {
            for (TunnelConnection connection : ending) connection.awaitEnd(deadline - System.nanoTime());
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }
}
