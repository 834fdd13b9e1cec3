package org.relay4j.client;

import java.io.IOException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** A local service that visitors are connected to. On the loop of their connection, with the session's lock held. */
final class ForwardService implements Service {
    private static final Logger log = LoggerFactory.getLogger(ForwardService.class);

    private final LocalTarget target;
    private final Duration localConnectTimeout;
    private final @Nullable ProxyProtocol proxyProtocol;
    private final Visits visits;
    private final LimitedLog unreachable = new LimitedLog(log, Level.WARN);
    private volatile Runnable whenUnreachable = () -> {};

    /** @param proxyProtocol the version of the header for the local service; null for none */
    ForwardService(
            LocalTarget target, Duration localConnectTimeout, @Nullable ProxyProtocol proxyProtocol, Visits visits) {
        this.target = target;
        this.localConnectTimeout = localConnectTimeout;
        this.proxyProtocol = proxyProtocol;
        this.visits = visits;
    }

    /** Resolves the host of the local service. If that fails, the service keeps the addresses that it had before. */
    @Override
    public void prepare() throws UnknownHostException {
        target.prepare();
    }

    /** Has an action run for each visitor that cannot be connected: on the loop, with the session's lock held. It must not block. */
    void whenUnreachable(Runnable action) {
        whenUnreachable = action;
    }

    LocalService local() {
        return target.service();
    }

    Duration localConnectTimeout() {
        return localConnectTimeout;
    }

    /** Returns the PROXY protocol version for the local service; null if it gets no header. */
    @Nullable
    ProxyProtocol proxyProtocol() {
        return proxyProtocol;
    }

    @Override
    public @Nullable StreamHandler begin(ServiceConnection on, MuxStream stream, @Nullable VisitorHeader header) {
        LocalVisitor visitor = new LocalVisitor(this, on, stream, VisitorHeader.of(header));
        StreamHandler handler = visitor.connect();
        if (handler == null) return null; // resets only this visitor
        Runnable reset = () -> visitor.abandon(new IOException("the service was closed"));
        visits.accepted(on.driver(), stream, visitor.header(), reset);
        return handler;
    }

    /** Called when the connection of a visitor has ended; {@code failure} is null if both directions ended with FIN. */
    void left(ServiceConnection on, MuxStream stream, LocalVisitor visitor, @Nullable Throwable failure) {
        visits.closed(stream, visitor.header(), () -> failure);
        if (!log.isDebugEnabled()) return;
        log.debug(
                "{}: {} {} after {} ms, {} bytes in, {} bytes out{}",
                on,
                visitor,
                failure == null ? "has disconnected" : "was reset",
                TimeUnit.NANOSECONDS.toMillis(stream.age(System.nanoTime())),
                stream.bytesReceived(),
                stream.bytesSent(),
                failure == null ? "" : ": " + failure.getMessage());
    }

    /** Called when no address of the local service accepts a connection. */
    void unreachable(ServiceConnection on, IOException failure) {
        String why = String.valueOf(failure.getMessage());
        unreachable.log("{}: visitor reset, cannot connect to the local service {}: {}", on, local(), why);
        whenUnreachable.run();
    }
}
