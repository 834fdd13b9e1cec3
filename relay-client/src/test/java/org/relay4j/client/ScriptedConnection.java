package org.relay4j.client;

import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.io.Pulse;

/** A connection that ends on request. */
class ScriptedConnection implements TunnelConnection {
    volatile InetSocketAddress server = InetSocketAddress.createUnresolved("relay", 7000);
    final CompletableFuture<@Nullable Loss> end = new CompletableFuture<>();
    final CompletableFuture<Long> drain = new CompletableFuture<>();
    final AtomicInteger pings = new AtomicInteger();
    final AtomicInteger retired = new AtomicInteger();
    final Queue<TunnelConnection> handedOver = new ConcurrentLinkedQueue<>(); // to these
    volatile boolean handsOver; // the server understands that
    volatile boolean silent;
    private final AtomicReference<Pulse.@Nullable Observer> watching = new AtomicReference<>();

    @Override
    public ControlConnection control() {
        return new ControlConnection(
                null, // nothing is sent
                server,
                InetSocketAddress.createUnresolved("relay", 4711),
                Grant.of(4711));
    }

    @Override
    public boolean isOpen() {
        return !end.isDone();
    }

    @Override
    public SessionStatistics statistics() {
        return new SessionStatistics(0, 0, 0, 0, null, 0);
    }

    @Override
    public void ping() {
        pings.incrementAndGet();
    }

    @Override
    public void watch(Pulse.Observer observer) {
        watching.set(observer);
    }

    /** Returns the observer that watches it. */
    Pulse.Observer observer() {
        return Objects.requireNonNull(watching.get());
    }

    @Override
    public boolean isSilent() {
        return silent;
    }

    @Override
    public boolean handOver(TunnelConnection next) {
        handedOver.add(next);
        return handsOver;
    }

    @Override
    public void closeWhenDone() {
        end.complete(null);
    }

    @Override
    public void close() {
        end.complete(null);
    }

    @Override
    public void abandon() {
        end.complete(null);
    }

    @Override
    public void retire() {
        retired.incrementAndGet();
        end.complete(null);
    }

    @Override
    public boolean awaitTermination(long nanos) {
        return end.isDone();
    }

    @Override
    public CompletionStage<@Nullable Loss> ended() {
        return end;
    }

    @Override
    public CompletionStage<Long> draining() {
        return drain;
    }
}
