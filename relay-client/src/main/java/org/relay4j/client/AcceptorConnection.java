package org.relay4j.client;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionListener;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.StreamHeader;
import org.relay4j.yamux.io.StreamObserver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** A connection of an acceptor: a session whose streams wait in a queue to be accepted. */
final class AcceptorConnection implements TunnelConnection, SessionListener, StreamObserver {
    private static final Logger log = LoggerFactory.getLogger(AcceptorConnection.class);

    private final ControlConnection control;
    private final TunnelEvents events;
    private final Session session;
    private final @Nullable ControlStream lines;
    private final boolean saysBye;
    private final boolean visitorAddresses;
    private final LimitedLog malformed = new LimitedLog(log, Level.WARN);
    private final CompletableFuture<@Nullable Loss> ended = new CompletableFuture<>();

    private AcceptorConnection(
            ControlConnection control, TunnelEvents events, RelayClientOptions options, AcceptQueue queue)
            throws IOException {
        this.control = control;
        this.events = events;
        visitorAddresses = options.needsVisitorAddresses();
        session = SessionInternals.server(
                control.wire(),
                ControlConnection.session(options).toBuilder()
                        .listener(this)
                        .acceptQueue(queue)
                        .build(),
                this);
        lines = control.controlStream(SessionInternals.driver(session));
        saysBye = ControlConnection.saysBye(options);
        if (lines != null && control.grant().drain()) lines.open();
    }

    /** Connects and starts the session, whose visitors come to {@code queue}. Blocks as {@link ClientTunnel.Opening#open} does. */
    static AcceptorConnection open(
            ClientTunnel.Opening opening, TunnelEvents events, RelayClientOptions options, AcceptQueue queue)
            throws IOException {
        ControlConnection control = opening.open();
        boolean started = false;
        try {
            AcceptorConnection connection = new AcceptorConnection(control, events, options, queue);
            started = true;
            return connection;
        } finally {
            if (!started) control.wire().close();
        }
    }

    /** Returns whether the session belongs to this connection. */
    boolean isOver(Session other) {
        return session == other;
    }

    @Override
    public ControlConnection control() {
        return control;
    }

    @Override
    public boolean isOpen() {
        return session.isOpen();
    }

    @Override
    public SessionStatistics statistics() {
        return session.statistics();
    }

    @Override
    public void ping() {
        Callbacks.EXECUTOR.execute(() -> {
            try {
                session.ping();
            } catch (IOException e) {
                log.debug("{}: the round trip was not measured: {}", session, e.getMessage());
            }
        });
    }

    /*
     * The lines are written by the calling thread, not by a loop: loops are daemons, and the caller may be the end of the program.
     */
    @Override
    public void closeWhenDone() {
        if (lines != null) lines.leave(saysBye, session::closeWhenDone);
        else session.closeWhenDone();
    }

    /** The visitors that wait to be accepted stay. */
    @Override
    public void retire() {
        Driver driver = SessionInternals.driver(session);
        if (lines != null) lines.leave(false, driver::closeWhenDone);
        else driver.closeWhenDone();
    }

    @Override
    public void close() {
        if (lines != null && saysBye) lines.leave(true, session::close);
        else session.close();
    }

    @Override
    public void abandon() {
        session.close();
    }

    @Override
    public boolean awaitTermination(long nanos) throws InterruptedException {
        return session.awaitEnd(Duration.ofNanos(nanos));
    }

    @Override
    public CompletionStage<@Nullable Loss> ended() {
        return ended;
    }

    @Override
    public CompletionStage<Long> draining() {
        return lines == null ? new CompletableFuture<>() : lines.draining();
    }

    @Override
    public void ended(Session over, SessionException cause) {
        String why = String.valueOf(cause.getMessage());
        ended.complete(
                switch (cause.reason()) {
                    case CLOSED_LOCALLY -> null;
                    case CONNECTION_LOST -> Loss.broken(why, cause.getCause(), cause);
                    default -> new Loss(why, cause.isClean(), cause);
                });
    }

    // ---- with the session lock held

    @Override
    public @Nullable StreamHeader header() {
        return visitorAddresses ? new VisitorHeader(malformed, this) : null;
    }

    @Override
    public void accepted(MuxStream stream, @Nullable StreamHeader header) {
        events.visitorAccepted(stream, VisitorHeader.of(header));
    }

    @Override
    public void gone(MuxStream stream, @Nullable StreamHeader header, @Nullable Cause cause) {
        events.visitorClosed(
                stream,
                VisitorHeader.of(header),
                () -> cause == null ? null : new IOException(cause.message(), cause.error()));
    }

    @Override
    public void measured(long roundTrip) {
        events.roundTrip(roundTrip);
    }

    @Override
    public String toString() {
        return "tunnel " + HostPort.text(control.publicAddress());
    }
}
