package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.io.Bounds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One of the endpoints of a tunnel. Fields without a guard of their own are guarded by the lock of {@link EndpointTable}. */
final class ServedEndpoint implements OwnedTunnel {
    /** The time after CLOSED in which streams may still arrive that were opened before it. Unit: nanoseconds. */
    private static final long LATE = TimeUnit.SECONDS.toNanos(5);

    final Endpoint wanted;
    final String key; // identifies it in logs and in the lease file
    final ServiceOptions options;
    final Service service;
    final Visits visits;
    final OpenVisitors visitors;
    final CompletableFuture<Void> first = new CompletableFuture<>(); // the first answer

    private static final Logger log = LoggerFactory.getLogger(ServedEndpoint.class);

    private final Services services;
    private final ClientTunnel tunnel;
    private final CountDownLatch over = new CountDownLatch(1);
    private final CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>(); // null if it was closed
    private volatile @Nullable Endpoint granted;
    private volatile @Nullable InetSocketAddress address; // set before granted
    private volatile boolean opened; // by the server, on the present connections
    private final AtomicBoolean preparing = new AtomicBoolean(); // the service, on another thread
    private volatile boolean withdrawn; // its local service is down
    private volatile boolean refusing; // visitors that still arrive are reset
    volatile @Nullable RelayRefusedException refusal; // the last one that was not final; until it is open
    private volatile long closedAt; // ns; 0 if it is not closed
    int number; // of the requests for any port or name, which are repeated with it; from 1
    int attempt; // number of the last OPEN
    boolean isAsking; // the last OPEN has not been answered
    Backoff backoff; // a new one each time that it is open

    /** The service of an endpoint, and what counts and reports its visitors. */
    record Parts(Service service, Visits visits, OpenVisitors visitors) {}

    ServedEndpoint(Services services, Endpoint wanted, String key, ServiceOptions options, Parts parts) {
        this.services = services;
        this.wanted = wanted;
        this.key = key;
        this.options = options;
        tunnel = services.tunnel();
        service = parts.service();
        visits = parts.visits();
        visitors = parts.visitors();
        backoff = services.backoff();
    }

    // ---- for the services

    /** Has the service prepare for another connection, on a thread of its own, unless it does so already. Does not block. */
    void prepareLater() {
        if (!preparing.getAndSet(true)) Callbacks.runSurely(Callbacks.EXECUTOR, this::prepare);
    }

    private void prepare() {
        try {
            service.prepare();
        } catch (IOException e) {
            log.warn("{}: {}: {}", tunnel, this, e.getMessage());
        } finally {
            preparing.set(false);
        }
    }

    /** Returns the endpoint as last granted, if there was one. */
    @Nullable
    Endpoint granted() {
        return granted;
    }

    /** The server has opened it. Returns the address before; null the first time. */
    @Nullable
    InetSocketAddress opened(Endpoint newGranted, InetSocketAddress newAddress) {
        InetSocketAddress before = address;
        address = newAddress;
        granted = newGranted;
        opened = true;
        return before;
    }

    /** The present connection does not have it. */
    void notOpened() {
        opened = false;
    }

    boolean isOpened() {
        return opened;
    }

    boolean isWithdrawn() {
        return withdrawn;
    }

    void withdrawn(boolean now) {
        withdrawn = now;
    }

    boolean isOver() {
        return over.getCount() == 0;
    }

    /** Returns whether a visitor may be served now. On any thread. */
    boolean serves(long now) {
        return !refusing && (closedAt == 0 || now - closedAt < LATE);
    }

    /** Ends it for good; the cause is null if it was closed. Only the first call has an effect. */
    void over(@Nullable Throwable cause) {
        if (end.isDone()) return;
        long now = System.nanoTime();
        closedAt = now == 0 ? 1 : now;
        opened = false;
        end.complete(cause);
        over.countDown();
    }

    /** Has the action run, once, at the end: with its cause, null if it was closed. */
    void whenOver(Consumer<@Nullable Throwable> action) {
        var unused = end.thenAccept(action);
    }

    // ---- for its owner

    @Override
    public Endpoint endpoint() {
        Endpoint current = granted;
        return current == null ? wanted : current;
    }

    @Override
    public boolean hasConnected() {
        return granted != null;
    }

    @Override
    public InetSocketAddress publicAddress() {
        InetSocketAddress current = address;
        if (current == null) throw new IllegalStateException(wanted + " was not opened yet");
        return current;
    }

    @Override
    public InetSocketAddress publicAddress(Session session) {
        return publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return tunnel.serverAddress();
    }

    @Override
    public @Nullable String id() {
        return tunnel.id();
    }

    @Override
    public boolean isOpen() {
        return opened && tunnel.isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        TunnelStatistics all = tunnel.statistics();
        TunnelStatistics own = visitors.statistics();
        return new TunnelStatistics(
                own.visitors(),
                own.openVisitors(),
                own.bytesIn(),
                own.bytesOut(),
                all.reconnects(),
                all.roundTrip(),
                all.droppedEvents());
    }

    @Override
    public void closeWhenDone() {
        services.close(this);
    }

    @Override
    public void closeNow() {
        refusing = true;
        services.close(this);
        service.stopWaiting();
        visitors.reset();
    }

    @Override
    public void close() {
        closeNow();
    }

    @Override
    public boolean close(Duration timeout) throws IOException {
        long until = System.nanoTime() + Bounds.nanos(Bounds.notNegative("timeout", timeout));
        closeWhenDone();
        return awaitVisitors(until);
    }

    @Override
    public boolean awaitVisitors(long until) {
        boolean finished = false;
        try {
            finished = awaitEnd(Math.max(0, until - System.nanoTime())) && visitors.awaitNone(until);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!finished) {
            refusing = true;
            visitors.reset();
        }
        return finished;
    }

    @Override
    public void awaitEnd() throws InterruptedException {
        over.await();
    }

    @Override
    public boolean awaitEnd(long nanos) throws InterruptedException {
        return over.await(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public @Nullable Throwable endCause() {
        return end.getNow(null);
    }

    @Override
    public boolean isCallingListener() {
        return tunnel.isCallingListener();
    }

    @Override
    public String toString() {
        return endpoint().toString();
    }
}
