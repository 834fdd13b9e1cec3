package org.relay4j.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationEventPublisher;

/**
 * The tunnel to the application's web server. It is there to be injected before there is a web server: until that runs it is
 * not open and has no public address. After the application was stopped and started again there is another forwarder behind it.
 */
final class WebTunnel implements Tunnel {
    private static final TunnelStatistics NOTHING = new TunnelStatistics(0, 0, 0, 0, 0, null, 0);

    private final InetSocketAddress server; // the name, not an address: it is resolved for each connection
    private final RelayClientOptions options;
    private volatile @Nullable Forwarder forwarder; // the newest; null before the first
    private volatile TunnelStatistics earlier = NOTHING; // of the forwarders before the newest
    private volatile @Nullable Throwable cause; // of the loss; null while open, and when it was closed
    private volatile CompletableFuture<Void> closing = CompletableFuture.completedFuture(null);

    /** A forwarder, and what had passed before it. */
    private record Forwarder(Tunnel tunnel, TunnelStatistics earlier) {}

    /** Does not connect yet. */
    WebTunnel(
            InetSocketAddress server,
            RelayClientOptions.Builder options,
            ObjectProvider<TunnelListener> listeners,
            ApplicationEventPublisher events) {
        this.server = server;
        this.options = options.listener(new Announcer(this, listeners, events)).build();
    }

    // ---- the life of the forwarder; by the lifecycle, one call after the other

    /**
     * Gets a public port. Blocks as {@link RelayClient#forward} does, and first for the end of the forwarder before.
     *
     * @param local the web server
     * @throws UncheckedIOException when there is no tunnel to be had
     */
    void open(InetSocketAddress local) {
        closing.join();
        earlier = statistics();
        try {
            isNow(RelayClient.forward(server.getHostString(), server.getPort(), local, options));
        } catch (IOException e) {
            throw new UncheckedIOException("no tunnel to the web server", e);
        }
    }

    /** Begins {@link #close(Duration)} and returns at once. */
    void startClosing(Duration timeout) {
        closing = CompletableFuture.runAsync(
                () -> {
                    try {
                        close(timeout);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                WebTunnel::execute);
    }

    /** Runs {@code then} when what {@link #startClosing} began is done, at once when it was not called. */
    void whenClosed(Runnable then) {
        var unused = closing.whenComplete((nothing, failure) -> then.run());
    }

    private static void execute(Runnable task) {
        Thread thread = new Thread(task, "relay-closing");
        thread.setDaemon(true);
        thread.start();
    }

    /** The first forwarder may be up before {@link #open} has it. */
    void isUp(Tunnel newest) {
        isNow(newest);
        cause = null;
    }

    void isDown(@Nullable Throwable why) {
        cause = why;
    }

    private void isNow(Tunnel newest) {
        Forwarder current = forwarder;
        if (current == null || !current.tunnel().equals(newest)) forwarder = new Forwarder(newest, earlier);
    }

    // ---- what the application asks; from any thread

    /** Why the tunnel was lost; null while it stands, before it was opened, and when this side closed it. */
    @Nullable
    Throwable cause() {
        return cause;
    }

    /** True once there was a tunnel. */
    boolean wasOpened() {
        return forwarder != null;
    }

    /**
     * Where visitors connect.
     *
     * @throws IllegalStateException before the web server runs
     */
    @Override
    public InetSocketAddress publicAddress() {
        Forwarder current = forwarder;
        if (current == null) {
            throw new IllegalStateException("there is no public address yet: the tunnel starts after the web server");
        }
        return current.tunnel().publicAddress();
    }

    /** The control address of the relay server; not resolved before the web server runs. */
    @Override
    public InetSocketAddress serverAddress() {
        Forwarder current = forwarder;
        return current == null ? server : current.tunnel().serverAddress();
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
        Forwarder current = forwarder;
        if (current != null) current.tunnel().close();
    }

    @Override
    public boolean close(Duration timeout) throws IOException {
        Forwarder current = forwarder;
        return current == null || current.tunnel().close(timeout);
    }

    @Override
    public String toString() {
        Forwarder current = forwarder;
        return "WebTunnel[" + (current == null ? "not opened" : current.tunnel()) + "]";
    }
}
