package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.CoreSettings;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Splice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a forwarder to its server: the session, and the connections to the local service, on one loop. What
 * concerns the session runs on that loop with the session's lock held.
 */
final class ForwardedTunnel implements SessionEvents, Splice.Owner {
    private static final Logger log = LoggerFactory.getLogger(ForwardedTunnel.class);
    private static final long WARN_EVERY = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final LocalService local;
    private final TunnelEvents events;
    private final LoopDriver driver;
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile @Nullable Cause cause;
    private long warned = System.nanoTime() - WARN_EVERY; // ns

    ForwardedTunnel(
            Loop loop,
            ControlConnection connection,
            LocalService local,
            TunnelEvents events,
            RelayClientOptions options)
            throws IOException {
        name = "tunnel " + TunnelEvents.text(connection.publicAddress());
        this.local = local;
        this.events = events;
        Sockets.configure(connection.channel());
        // It is visitors who come and go, not the server.
        CoreOptions core =
                CoreSettings.relayed(options.session().toBuilder().resetRate(0).build());
        driver = new LoopDriver(loop, connection.channel(), Role.SERVER, core, this, true);
    }

    void start() {
        driver.start();
        // How long the path is, measured before there is anything to queue on it: windows grow by it.
        driver.ping();
    }

    /** Ends the tunnel; visitors are reset. From any thread; returns at once. */
    void close() {
        driver.loop().execute(driver::close);
    }

    /** Takes no more visitors, and ends with the last one. From any thread; returns at once. */
    void drain() {
        driver.closeWhenDone();
    }

    /** Waits for the end; returns why. */
    Cause awaitEnd() throws InterruptedException {
        over.await();
        Cause ended = cause;
        if (ended == null) throw new IllegalStateException("over without a cause");
        return ended;
    }

    /** Waits until the connection to the server is closed, at most {@code nanos}. */
    boolean awaitTermination(long nanos) throws InterruptedException {
        return driver.awaitTermination(nanos);
    }

    SessionStatistics statistics() {
        return driver.statistics();
    }

    boolean isOpen() {
        return cause == null;
    }

    // ---- visitors

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        IOException failure = null;
        for (InetAddress address : local.addresses()) {
            try {
                return connect(stream, new InetSocketAddress(address, local.port()));
            } catch (IOException e) {
                failure = e;
            }
        }
        warnUnreachable(failure);
        return null; // a reset for this visitor alone
    }

    private StreamHandler connect(MuxStream stream, InetSocketAddress address) throws IOException {
        SocketChannel channel = SocketChannel.open();
        boolean connecting = false;
        try {
            Sockets.configure(channel);
            channel.connect(address);
            Splice splice = Splice.accept(driver, stream, channel, this);
            connecting = true;
            events.visitorAccepted(stream);
            return splice;
        } finally {
            if (!connecting) Sockets.close(channel);
        }
    }

    @Override
    public void ended(Splice splice, @Nullable Throwable failure) {
        events.visitorClosed(splice.stream(), () -> failure);
        if (failure == null) log.debug("{}: {} has left", name, splice);
        else if (splice.wasConnected()) log.debug("{}: {} was reset: {}", name, splice, failure.getMessage());
        else warnUnreachable(failure);
    }

    private void warnUnreachable(@Nullable Throwable failure) {
        long now = System.nanoTime();
        if (now - warned < WARN_EVERY) return;
        warned = now;
        String why = failure == null ? "its host has no address" : String.valueOf(failure.getMessage());
        log.warn("{}: visitor reset, the local service at port {} cannot be reached: {}", name, local.port(), why);
    }

    // ---- session

    @Override
    public void onOpenable() {}

    @Override
    public void onPong(long roundTrip) {
        events.roundTrip(roundTrip);
    }

    @Override
    public void onGoAway() {
        log.info("{}: the server sends no more visitors", name);
    }

    @Override
    public void onEnd(Cause ended) {
        cause = ended;
        over.countDown();
    }
}
