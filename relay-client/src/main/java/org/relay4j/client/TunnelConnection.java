package org.relay4j.client;

import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.io.Pulse;

/** One connection of a tunnel to its relay server, and the visitors that it carries. Safe for use by several threads. */
interface TunnelConnection {
    /** Returns the control connection that it was started on. */
    ControlConnection control();

    /** Returns the control address of the server. */
    default InetSocketAddress serverAddress() {
        return control().server();
    }

    /** Returns the server's host and the public port. */
    default InetSocketAddress publicAddress() {
        return control().publicAddress();
    }

    boolean isOpen();

    SessionStatistics statistics();

    /** Measures the round trip, soon. Does not block. */
    void ping();

    /** Watches from now on whether the server is silent while the tunnel is in use. Called once at most. Does not block. */
    void watch(Pulse.Observer observer);

    /** Returns whether the server is silent; false if that is not watched. */
    boolean isSilent();

    /**
     * Accepts no visitor any more whose stream is not here yet: the server is to give those to other connections. Does not block.
     *
     * @param next another connection of the tunnel, over which the server is told
     * @return false if the server does not understand that; then nothing has changed
     */
    boolean handOver(TunnelConnection next);

    /** Accepts no more visitors, and ends with the last one. Does not block. */
    void closeWhenDone();

    /** Accepts no more visitors, and ends with the last one, because another connection carries the tunnel. Does not block. */
    void retire();

    /** Ends the connection, and the tunnel with it; visitors are reset. Does not block. */
    void close();

    /** Ends the connection alone; visitors are reset. Does not block. */
    void abandon();

    /** Waits until the socket is closed after the end; returns false if that takes longer than {@code nanos}. */
    boolean awaitTermination(long nanos) throws InterruptedException;

    /** Completes when the connection has ended: with its loss, or with null if this side closed it. */
    CompletionStage<@Nullable Loss> ended();

    /** Completes when the server announces that it shuts down: with the time until then, in seconds. It may never complete. */
    CompletionStage<Long> draining();

    /** Returns whether the server has announced that it shuts down. */
    default boolean isDraining() {
        return draining().toCompletableFuture().isDone();
    }
}
