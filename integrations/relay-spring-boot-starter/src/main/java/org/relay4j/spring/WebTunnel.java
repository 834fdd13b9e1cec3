package org.relay4j.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationEventPublisher;

/**
 * The tunnel to the application's web server. The bean can be injected before the web server runs; until the tunnel is up for the
 * first time, it is not open and has no public address. Each start of the application creates a new forwarder behind the bean.
 */
final class WebTunnel implements Tunnel {
    private static final Logger log = LoggerFactory.getLogger(WebTunnel.class);
    private static final CompletableFuture<Void> DONE = CompletableFuture.completedFuture(null);
    private static final TunnelStatistics NOTHING = new TunnelStatistics(0, 0, 0, 0, 0, null, 0);

    private final InetSocketAddress server; // unresolved: the name is looked up for each connection
    private final @Nullable WebEndpoint endpoint; // null: the public port of the options
    private final RelayClientOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Forwarder forwarder; // the newest; null before the first; writes guarded by lock
    private volatile TunnelStatistics earlier = NOTHING; // of the forwarders before the newest
    private volatile @Nullable Throwable cause; // of the loss; null while open, and when it was closed
    private volatile @Nullable Thread
            connecting; // until it has connected, in the background; null when nothing was tried there
    private volatile boolean closed; // since the last open()
    private volatile CompletableFuture<Void> ended = new CompletableFuture<>(); // for good, and announced
    private volatile CompletableFuture<Void> closing = DONE;

    /** A forwarder and the statistics before it. */
    private record Forwarder(Tunnel tunnel, TunnelStatistics earlier) {}

    /**
     * Does not connect yet.
     *
     * @param endpoint null for the public port of the options
     */
    WebTunnel(
            InetSocketAddress server,
            @Nullable WebEndpoint endpoint,
            RelayClientOptions.Builder options,
            ObjectProvider<TunnelListener> listeners,
            ApplicationEventPublisher events) {
        this.server = server;
        this.endpoint = endpoint;
        this.options = options.listener(new Announcer(this, listeners, events)).build();
    }

    // ---- lifecycle of the forwarder; called by one thread at a time

    /**
     * Opens the tunnel. If the options retry the first connect, this returns at once and a background thread connects.
     * Otherwise it blocks as {@link RelayClient#forward} does. In both cases it first waits until the previous forwarder has ended.
     *
     * @param local the web server
     * @throws UncheckedIOException if the only attempt fails
     */
    void open(InetSocketAddress local) {
        closing.join();
        earlier = statistics();
        if (ended.isDone()) ended = new CompletableFuture<>();
        closed = false;
        if (options.retryFirst()) {
            Thread thread = daemon("relay-connecting", () -> connectInBackground(local));
            connecting = thread;
            thread.start();
            return;
        }
        try {
            connect(local);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open a tunnel to the web server", e);
        }
    }

    private void connectInBackground(InetSocketAddress local) {
        try {
            connect(local);
        } catch (IOException | RuntimeException | Error e) {
            if (closed) log.debug("closed before the first connection to {}: {}", server, e.getMessage());
            else log.error("cannot open a tunnel to the web server", e);
        }
    }

    private void connect(InetSocketAddress local) throws IOException {
        Tunnel newest = null;
        try {
            newest = endpoint == null
                    ? RelayClient.forward(server.getHostString(), server.getPort(), local, options)
                    : EndpointTunnel.open(server, endpoint, local, options);
        } finally {
            if (newest == null) ended.complete(null); // without a forwarder, nothing will be announced
        }
        isNow(newest);
        if (closed) newest.close(); // close() was called meanwhile and may not have seen this forwarder
    }

    /** Begins {@link #close(Duration)} and returns at once. */
    void startClosing(Duration timeout) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        closing = done;
        daemon("relay-closing", () -> {
                    try {
                        close(timeout);
                        Thread trying = connecting;
                        if (trying != null) trying.join();
                    } catch (IOException | InterruptedException | RuntimeException e) {
                        log.warn("closing the tunnel failed", e);
                    }
                    var unused = ended.whenComplete((nothing, failure) -> done.complete(null));
                })
                .start();
    }

    /** Runs {@code then} when the close begun by {@link #startClosing} is done; at once if it was not called. */
    void whenClosed(Runnable then) {
        var unused = closing.whenComplete((nothing, failure) -> then.run());
    }

    private static Thread daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Called when a forwarder is up, which may be before {@link #open} has it. */
    void isUp(Tunnel newest) {
        isNow(newest);
        cause = null;
    }

    void isDown(@Nullable Throwable why) {
        cause = why;
    }

    /** Called after the application was notified that the forwarder has ended for good. */
    void isAnnounced() {
        ended.complete(null);
    }

    /** Called by the thread that connects and by the one that announces. */
    private void isNow(Tunnel newest) {
        lock.lock();
        try {
            Forwarder current = forwarder;
            if (current != null && current.tunnel().equals(newest)) return;
            forwarder = new Forwarder(newest, earlier);
        } finally {
            lock.unlock();
        }
    }

    // ---- for the application; from any thread

    /** Returns why the tunnel was lost; null while it is up, before it was opened, and if this side closed it. */
    @Nullable
    Throwable cause() {
        return cause;
    }

    /** Returns true if the tunnel was ever up. */
    boolean wasOpened() {
        return forwarder != null;
    }

    /** Returns true while a background thread tries to make the first connection. */
    boolean isConnecting() {
        Thread trying = connecting;
        return trying != null && trying.isAlive();
    }

    /**
     * Returns the address that visitors connect to.
     *
     * @throws IllegalStateException until the tunnel is up for the first time
     */
    @Override
    public InetSocketAddress publicAddress() {
        Forwarder current = forwarder;
        if (current == null) {
            throw new IllegalStateException("there is no public address yet: the tunnel is not up");
        }
        return current.tunnel().publicAddress();
    }

    /** Returns the control address of the relay server; unresolved until the tunnel is up for the first time. */
    @Override
    public InetSocketAddress serverAddress() {
        Forwarder current = forwarder;
        return current == null ? server : current.tunnel().serverAddress();
    }

    @Override
    public @Nullable String id() {
        Forwarder current = forwarder;
        return current == null ? null : current.tunnel().id();
    }

    @Override
    public boolean isOpen() {
        Forwarder current = forwarder;
        return current != null && current.tunnel().isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        Forwarder current = forwarder;
        return current == null ? NOTHING : current.tunnel().statistics().plus(current.earlier());
    }

    @Override
    public void close() throws IOException {
        stopConnecting();
        Forwarder current = forwarder;
        if (current != null) current.tunnel().close();
    }

    @Override
    public boolean close(Duration timeout) throws IOException {
        stopConnecting();
        Forwarder current = forwarder;
        return current == null || current.tunnel().close(timeout);
    }

    /** Blocks until the tunnel has ended for good, or was closed before it was opened. */
    @Override
    public void awaitEnd() throws InterruptedException {
        try {
            ended.get();
        } catch (ExecutionException e) {
            throw new AssertionError("nothing completes it with a failure", e);
        }
    }

    private void stopConnecting() {
        closed = true;
        Thread trying = connecting;
        if (trying != null) trying.interrupt();
        else if (!wasOpened()) ended.complete(null);
    }

    @Override
    public String toString() {
        Forwarder current = forwarder;
        return "WebTunnel[" + (current == null ? "not opened" : current.tunnel()) + "]";
    }
}
