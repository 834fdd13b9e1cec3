package org.relay4j.client;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.HeaderReading;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.Splice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A connection of a forwarder: the session and the connections to the local service, on one loop. The callbacks of the session
 * run on that loop with the session's lock held.
 */
final class ForwarderConnection implements TunnelConnection, SessionEvents {
    private static final Logger log = LoggerFactory.getLogger(ForwarderConnection.class);

    private final String name;
    private final ControlConnection control;
    private final LocalService local;
    private final Duration localConnectTimeout;
    private final TunnelEvents events;
    private final LoopDriver driver;
    private final @Nullable ControlStream lines;
    private final boolean saysBye;
    private final boolean visitorAddresses;
    private final @Nullable ProxyProtocol proxyProtocol;
    private final LimitedLog unreachable = new LimitedLog(log, Level.WARN);
    private final LimitedLog malformed = new LimitedLog(log, Level.WARN);
    private final CompletableFuture<@Nullable Loss> ended = new CompletableFuture<>();

    private ForwarderConnection(
            LoopGroup loops,
            ControlConnection control,
            LocalService local,
            TunnelEvents events,
            RelayClientOptions options)
            throws IOException {
        name = "tunnel " + HostPort.text(control.publicAddress());
        this.control = control;
        this.local = local;
        this.events = events;
        localConnectTimeout = options.localConnectTimeout();
        visitorAddresses = options.needsVisitorAddresses();
        proxyProtocol = options.proxyProtocol();
        CoreOptions core = SessionInternals.relayedOptions(ControlConnection.session(options));
        driver = new LoopDriver(loops.next(), control.wire(), Role.SERVER, core, this, true);
        driver.whenTerminated(LoopGroup::releaseShared);
        lines = control.controlStream(driver);
        saysBye = ControlConnection.saysBye(options);
    }

    /** Starts the session on a control connection, which is closed if that fails. */
    static ForwarderConnection start(
            ControlConnection control, LocalService local, TunnelEvents events, RelayClientOptions options)
            throws IOException {
        boolean started = false;
        LoopGroup loops = null;
        try {
            loops = LoopGroup.acquireShared();
            ForwarderConnection connection = new ForwarderConnection(loops, control, local, events, options);
            started = true;
            connection.driver.start();
            connection.ping(); // windows grow with the round trip, which is measured before data is queued
            ControlStream lines = connection.lines;
            if (lines != null && control.grant().drain()) connection.driver.afterwards(lines::open);
            return connection;
        } finally {
            if (!started) {
                control.wire().close();
                if (loops != null) LoopGroup.releaseShared();
            }
        }
    }

    @Override
    public ControlConnection control() {
        return control;
    }

    @Override
    public boolean isOpen() {
        return !ended.isDone();
    }

    @Override
    public SessionStatistics statistics() {
        return SessionInternals.statistics(driver);
    }

    @Override
    public void ping() {
        driver.ping();
    }

    @Override
    public void closeWhenDone() {
        leave(saysBye);
    }

    @Override
    public void retire() {
        leave(false);
    }

    private void leave(boolean bye) {
        if (lines != null) driver.afterwards(() -> lines.leave(bye, driver::closeWhenDone));
        else driver.closeWhenDone();
    }

    @Override
    public void close() {
        if (lines != null && saysBye) driver.afterwards(() -> lines.leave(true, driver::close));
        else abandon();
    }

    @Override
    public void abandon() {
        driver.loop().execute(driver::close);
    }

    @Override
    public boolean awaitTermination(long nanos) throws InterruptedException {
        return driver.awaitTermination(nanos);
    }

    @Override
    public CompletionStage<@Nullable Loss> ended() {
        return ended;
    }

    @Override
    public CompletionStage<Long> draining() {
        return lines == null ? new CompletableFuture<>() : lines.draining();
    }

    // ---- visitors

    LocalService local() {
        return local;
    }

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        if (!visitorAddresses) return connect(stream, null);
        VisitorHeader header = new VisitorHeader(malformed, name);
        return new HeaderReading(driver, stream, header, new HeaderReading.Next() {
            @Override
            public @Nullable StreamHandler begin(MuxStream begun) {
                return connect(begun, header.header());
            }

            @Override
            public void failed(String why) {
                header.failed(why);
            }
        });
    }

    private @Nullable StreamHandler connect(MuxStream stream, @Nullable ProxyHeader header) {
        LocalVisitor visitor = new LocalVisitor(this, driver, stream, header);
        Splice splice = visitor.connect();
        if (splice != null) events.visitorAccepted(stream, header);
        return splice; // null resets only this visitor
    }

    Duration localConnectTimeout() {
        return localConnectTimeout;
    }

    /** Returns the PROXY protocol version for the local service; null if it gets no header. */
    @Nullable
    ProxyProtocol proxyProtocol() {
        return proxyProtocol;
    }

    /** Called when the connection of a visitor has ended; {@code failure} is null if both directions ended with FIN. */
    void left(MuxStream stream, LocalVisitor visitor, @Nullable Throwable failure) {
        events.visitorClosed(stream, visitor.header(), () -> failure);
        if (!log.isDebugEnabled()) return;
        log.debug(
                "{}: {} {} after {} ms, {} bytes in, {} bytes out{}",
                name,
                visitor,
                failure == null ? "has disconnected" : "was reset",
                TimeUnit.NANOSECONDS.toMillis(stream.age(System.nanoTime())),
                stream.bytesReceived(),
                stream.bytesSent(),
                failure == null ? "" : ": " + failure.getMessage());
    }

    /** Called when no address of the local service accepts a connection. */
    void unreachable(IOException failure) {
        String why = String.valueOf(failure.getMessage());
        unreachable.log("{}: visitor reset, cannot connect to the local service {}: {}", name, local, why);
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
    public void onEnd(Cause cause) {
        ended.complete(
                switch (cause.kind()) {
                    case CLOSED_LOCALLY -> null;
                    case CLOSED_BY_PEER -> new Loss(cause.message(), true, cause.error());
                    case CONNECTION_LOST -> Loss.broken(cause.message(), cause.error(), cause.error());
                    default -> new Loss(cause.message(), false, cause.error());
                });
    }
}
