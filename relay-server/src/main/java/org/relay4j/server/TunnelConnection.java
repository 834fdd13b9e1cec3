package org.relay4j.server;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Bandwidth;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a tunnel: its session and the visitors that it carries, on one loop for life, which is the tunnel's own for
 * the first one. Everything here runs on that loop unless it says otherwise; the events of the session, with the session's lock
 * held.
 */
final class TunnelConnection implements SessionEvents {
    /*
     * More than 300 lines because it is where two loops meet: each step says on which of the two it continues.
     */
    private static final Logger log = LoggerFactory.getLogger(TunnelConnection.class);

    private final RelayServer server;
    private final ServerTunnel tunnel;
    private final ClientRequest request;
    private final Admission.Ticket ticket;
    private final int number; // of the connections of the tunnel
    private final LoopDriver driver;
    private final AtomicInteger visitors = new AtomicInteger(); // and those on the way from the tunnel's loop
    private boolean established;
    private volatile boolean goneAway; // the client accepts no more visitors here
    private volatile boolean superseded; // and has returned on another connection since
    private volatile boolean draining; // ends with its last visitor
    private volatile boolean ended;
    private volatile boolean full; // a visitor from the tunnel's loop found no room for its stream
    private boolean mayTake; // visitors; on the tunnel's loop
    private boolean pulsing; // on the tunnel's loop
    private final Pulse pulse;
    private @Nullable ControlStream lines; // at most one
    private boolean saidBye;
    private boolean saidDrain;
    private Loop.@Nullable Timer handshake; // until the client has answered
    private Loop.@Nullable Timer retirement;

    TunnelConnection(ServerTunnel tunnel, Claim claim, int number, Loop loop, Wire wire) {
        this.tunnel = tunnel;
        request = claim.request();
        ticket = claim.ticket();
        this.number = number;
        server = tunnel.server();
        mayTake = loop == tunnel.loop();
        pulse = new Pulse(this, loop);
        driver = new LoopDriver(
                loop,
                wire,
                Role.CLIENT,
                SessionInternals.relayedOptions(server.options().session()),
                this,
                true);
        Bandwidth bandwidth = tunnel.bandwidth();
        if (bandwidth != null) driver.limit(bandwidth);
    }

    /** On the tunnel's loop. */
    void start() {
        on(loop(), this::begin);
    }

    private void begin() {
        handshake = driver.loop().schedule(server.options().handshakeTimeout().toNanos(), this::checkEstablished);
        driver.start();
        // The answer, or anything else from the client, shows that it speaks yamux.
        driver.ping();
        ticket.onDrop(this::drop);
    }

    private void checkEstablished() {
        handshake = null;
        if (established || ended) return;
        if (ask(Multiplexer::hasReceived)) {
            establish();
            return;
        }
        server.security().client(SecurityEvent.HANDSHAKE_TIMEOUT, request.client(), request.name());
        driver.fail(new Cause(
                Cause.Kind.TIMEOUT,
                "the client has not answered for "
                        + server.options().handshakeTimeout().toMillis() + " ms, does it speak yamux?"));
    }

    /** Drops this pending client, which was displaced by another. From any thread; does not block. */
    private void drop() {
        driver.loop().execute(() -> {
            if (ended) return;
            server.refused(
                    Refusal.PENDING,
                    request.client(),
                    "{}: client {} dropped before it had answered: newer clients have connected, and {} at once ({} of one"
                            + " address) may be pending",
                    tunnel,
                    this,
                    server.options().maxPending(),
                    server.options().maxPendingPerAddress());
            driver.fail(new Cause(Cause.Kind.CONNECTION_LOST, "the client was dropped before it had answered"));
        });
    }

    /** Ends the connection and resets its visitors. From any thread; does not block. */
    void close() {
        driver.loop().execute(driver::close);
    }

    /** Waits until the connection is closed, at most {@code nanos} nanoseconds. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        return driver.awaitTermination(nanos);
    }

    /** Returns the bytes received from visitors. From any thread. */
    long bytesIn() {
        return ask(Multiplexer::bytesSent);
    }

    /** Returns the bytes sent to visitors. From any thread. */
    long bytesOut() {
        return ask(Multiplexer::bytesReceived);
    }

    /** Returns the number of visitors that it carries. From any thread. */
    int visitors() {
        return visitors.get();
    }

    /** Returns the number of this connection of the tunnel, from 1 in the order of the grants. */
    int number() {
        return number;
    }

    /** Returns the time of the last byte from the client. From any thread. Unit: nanoseconds of {@link System#nanoTime}. */
    long lastReceived() {
        return ask(Multiplexer::lastReceived);
    }

    /** Returns the round-trip time; 0 if it was not measured. From any thread. Unit: nanoseconds. */
    long roundTrip() {
        return ask(Multiplexer::roundTrip);
    }

    /** Pings the client. From any thread. */
    void ping() {
        driver.ping();
    }

    /**
     * Called when the client has returned on another connection: this one ends at once, or with its last visitor if they are
     * finishing. Returns whether they are.
     */
    boolean supersede(boolean mayFinish) {
        superseded = true;
        boolean finishing = mayFinish && (goneAway || draining);
        if (finishing) drain();
        else replace();
        return finishing;
    }

    /** Another connection is made instead of this one, which ends now. */
    void replace() {
        superseded = true;
        Cause cause = new Cause(Cause.Kind.CONNECTION_LOST, "the client has made another connection in its place");
        on(loop(), () -> driver.fail(cause));
    }

    Loop loop() {
        return driver.loop();
    }

    /** Pings it all the time, or not. On the tunnel's loop, perhaps with the lock of another session held. */
    void pulse(boolean wanted) {
        if (wanted == pulsing) return;
        pulsing = wanted;
        loop().execute(() -> pulse.run(wanted && !ended));
    }

    /** Continues on a loop; at once if it is this one. */
    private static void on(Loop target, Runnable step) {
        if (target.isCurrent()) step.run();
        else target.execute(step);
    }

    // ---- visitors

    /** Returns whether it accepts visitors at all. On the tunnel's loop. */
    boolean takesVisitors() {
        return mayTake && willTakeVisitors();
    }

    /** Returns whether it accepts visitors, or will once its client has answered. On the tunnel's loop. */
    boolean willTakeVisitors() {
        return !goneAway && !superseded && !draining && !ended;
    }

    /**
     * Whether a visitor can be taken now. If not, and it is a matter of time, {@link PublicEndpoint#resume} is called later. On the
     * tunnel's loop.
     */
    boolean canTakeVisitor() {
        if (pulse.isSilent()) return false;
        return loop().isCurrent() ? hasRoom() : !full;
    }

    private boolean hasRoom() {
        driver.lock.lock();
        try {
            OpenState state = driver.mux().openState();
            if (state == OpenState.WAIT) driver.mux().awaitOpenable();
            if (state == OpenState.EXHAUSTED) retire();
            return state == OpenState.READY;
        } finally {
            driver.lock.unlock();
        }
    }

    /** Takes a visitor, which its queue has counted. On the tunnel's loop. */
    void take(Arrival visitor, VisitorQueue queue) {
        visitors.incrementAndGet();
        if (loop().isCurrent()) open(visitor, queue);
        else loop().execute(() -> takeOver(visitor, queue));
    }

    /** A visitor comes from the loop of the tunnel; it goes back if there is no room for its stream. */
    private void takeOver(Arrival visitor, VisitorQueue queue) {
        if (loop().isLeaving(visitor.channel())) {
            loop().execute(() ->
                    takeOver(visitor, queue)); // it comes from this loop, and was on another one for a moment
        } else if (ended || draining || !hasRoom()) {
            full = !ended && !draining;
            visitorLeft();
            queue.loop().execute(() -> queue.returned(visitor));
        } else {
            if (visitor.wasRead()) // by the tunnel's loop, perhaps
            queue.loop().execute(() -> queue.loop().deregister(visitor.channel()));
            open(visitor, queue);
        }
    }

    /** Joins a visitor to a new stream. */
    private void open(Arrival visitor, VisitorQueue queue) {
        driver.lock.lock();
        try {
            ServerVisitor.open(this, queue, driver, visitor);
        } catch (IOException e) {
            log.debug("{}: visitor {} has disconnected: {}", tunnel, Sockets.text(visitor.address()), e.toString());
        } finally {
            driver.lock.unlock();
        }
    }

    /** Opens the stream of a visitor of a UDP port, which is dropped if there is no room. On the tunnel's loop. */
    void carry(UdpVisitor visitor) {
        if (loop().isCurrent()) open(visitor);
        else {
            loop().execute(() -> {
                if (ended || draining || !hasRoom()) {
                    full = !ended && !draining;
                    visitor.leave();
                } else open(visitor);
            });
        }
    }

    private void open(UdpVisitor visitor) {
        driver.lock.lock();
        try {
            if (visitor.open(driver)) {
                visitors.incrementAndGet();
                driver.flush();
            } else visitor.leave();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Returns what identifies a visitor in logs: the choice of its load balancer, or a new one. */
    String visitorId(Arrival visitor) {
        ProxyHeader proxied = visitor.proxied();
        String chosen = proxied == null ? null : proxied.uniqueId();
        return chosen == null ? server.newVisitorId() : chosen;
    }

    /** Returns how long a visitor may be idle; 0 means without limit. Unit: nanoseconds. */
    long idleTimeout() {
        return server.options().idleTimeout().toNanos();
    }

    /** Called when a visitor is reset because it was idle. */
    void idle(Arrival visitor, long millis) {
        server.refused(
                Refusal.IDLE,
                visitor.address(),
                "{}: visitor {} reset, no byte in either direction for {} ms",
                tunnel,
                Sockets.text(visitor.address()),
                millis);
    }

    /** Called when the connection of a visitor has ended. */
    void visitorLeft(VisitorQueue queue, Arrival visitor) {
        if (queue.loop().isCurrent()) queue.left(visitor);
        else queue.loop().execute(() -> queue.left(visitor));
        visitorLeft();
    }

    /** Called when the stream of a visitor has ended. */
    void visitorLeft() {
        int left = visitors.decrementAndGet();
        if (draining && left == 0) close();
    }

    ClientRequest request() {
        return request;
    }

    ServerTunnel tunnel() {
        return tunnel;
    }

    /**
     * Called when all stream ids are used, after 2^31 visitors. The port is closed, and the session ends with its last visitor, at
     * the latest after {@link RelayServerOptions#retireAfter}, so that the client can reconnect.
     */
    private void retire() {
        if (draining || ended) return;
        long most = server.options().retireAfter().toMillis();
        log.info(
                "{}: all stream ids are used, closing with the last of {} visitors or in {} ms",
                tunnel,
                visitors(),
                most);
        retirement = driver.loop().schedule(server.options().retireAfter().toNanos(), driver::close);
        leave();
        on(tunnel.loop(), () -> tunnel.goneAway("all stream ids are used"));
    }

    /** Ends with the last visitor. */
    void drain() {
        on(loop(), this::leave);
    }

    private void leave() {
        if (draining || ended) return;
        draining = true;
        driver.lock.lock();
        try {
            if (lines != null) lines.mayEnd();
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
        if (visitors() == 0) close();
    }

    /** Makes {@code id} the next stream id, for tests: a connection has 2^31 of them. */
    void skipStreamIds(int id) {
        driver.lock.lock();
        try {
            driver.mux().skipTo(id);
        } finally {
            driver.lock.unlock();
        }
    }

    private <T> T ask(Function<Multiplexer, T> question) {
        driver.lock.lock();
        try {
            return question.apply(driver.mux());
        } finally {
            driver.lock.unlock();
        }
    }

    // ---- session

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        if (lines != null || !request.mayControl()) return null; // the base protocol has no streams from the client
        stream.auxiliary();
        stream.accept();
        lines = new ControlStream(stream, this::said);
        if (goneAway || draining) lines.mayEnd();
        if (server.isClosing()) announceDrain();
        return lines;
    }

    /** Announces that the server shuts down, if the client has asked for that. From any thread; does not block. */
    void announceDrain() {
        if (request.drain()) loop().execute(this::sayDrain);
    }

    private void sayDrain() {
        driver.lock.lock();
        try {
            ControlStream stream = lines;
            if (stream == null || saidDrain || ended) return; // the client will open the stream, or never does
            saidDrain = true;
            stream.write(ControlLine.of("DRAIN").with(String.valueOf(server.secondsToDrain())));
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Handles a line on the loop of the tunnel, without this session's lock, because that may ask other sessions. */
    private boolean said(ControlLine line) {
        if (superseded) return false;
        if (EndpointRequest.isKeyword(line.keyword())) {
            EndpointRequest about = new EndpointRequest(this, line);
            tunnel.loop().execute(about::handle);
            return true;
        }
        if (saidBye || !line.keyword().equals("BYE")) return false;
        saidBye = true; // the tunnel is notified once, however often the client says so
        tunnel.loop().execute(tunnel::bye);
        return false;
    }

    /** Answers the last line about an endpoint; with null, the line has no answer. From any thread; does not block. */
    void answer(byte @Nullable [] answer) {
        // Never at once: the lock of another session may be held.
        loop().execute(() -> {
            driver.lock.lock();
            try {
                if (lines == null || ended) return;
                lines.answer(answer);
                driver.flush();
            } finally {
                driver.lock.unlock();
            }
        });
    }

    /** Returns whether the client has returned on another connection. From any thread. */
    boolean isSuperseded() {
        return superseded;
    }

    @Override
    public void onOpenable() {
        openable();
    }

    /** Called when visitors can be accepted again. */
    void openable() {
        full = false;
        // The endpoints may ask another session of the tunnel: not with this session's lock held.
        if (loop() == tunnel.loop() && tunnel.isServedBy(this)) tunnel.resume();
        else tunnel.loop().execute(tunnel::resume);
    }

    @Override
    public void onPong(long roundTrip) {
        if (established) return;
        establish();
        log.debug("{}: answers, round trip {} us", tunnel, roundTrip / 1_000);
    }

    private void establish() {
        if (!ticket.established()) return; // it was dropped, and is about to end
        established = true;
        if (handshake != null) handshake.cancel();
        handshake = null;
        on(tunnel.loop(), () -> {
            mayTake = true;
            tunnel.established(this);
        });
    }

    @Override
    public void onGoAway() {
        if (established) server.log().goneAway("{}: the client accepts no more visitors", tunnel);
        goneAway = true;
        if (lines != null) lines.mayEnd();
        on(tunnel.loop(), () -> tunnel.goneAway("the client accepts no more visitors"));
    }

    @Override
    public void onEnd(Cause cause) {
        letGo();
        if (cause.kind() == Cause.Kind.PROTOCOL_ERROR) {
            server.security().client(SecurityEvent.PROTOCOL_VIOLATION, request.client(), request.name());
        }
        on(tunnel.loop(), () -> {
            tunnel.lost(this, cause);
            ticket.leave();
        });
    }

    /** Stops the timers. Later calls have no effect. */
    void letGo() {
        ended = true;
        if (handshake != null) handshake.cancel();
        if (retirement != null) retirement.cancel();
        pulse.stop();
    }

    /** Returns the client's address for the log. */
    @Override
    public String toString() {
        return request.toString();
    }
}
