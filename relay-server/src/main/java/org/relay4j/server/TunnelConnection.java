package org.relay4j.server;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Bandwidth;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Pulse;
import org.relay4j.yamux.io.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a tunnel: its session and the visitors that it carries, on one loop for life, which is the tunnel's own for
 * the first one. Everything here runs on that loop unless it says otherwise; the events of the session, with the session's lock
 * held.
 */
final class TunnelConnection implements SessionEvents, Pulse.Observer {
    /*
     * More than 300 lines because it is where two loops meet: each step says on which of the two it continues.
     */
    private static final Logger log = LoggerFactory.getLogger(TunnelConnection.class);

    private final RelayServer server;
    private final ServerTunnel tunnel;
    private final ClientRequest request;
    private final int number; // of the connections of the tunnel
    private final LoopDriver driver;
    private final FirstAnswer answer;
    private final ConnectionVisitors visitors;
    private final ConnectionControl control;
    private final Pulse pulse;
    private volatile boolean goneAway; // the client accepts no more visitors here
    private volatile boolean superseded; // and has returned on another connection since
    private volatile boolean draining; // ends with its last visitor
    private volatile boolean ended;
    private boolean mayTake; // visitors; on the tunnel's loop
    private boolean pulsing; // on the tunnel's loop
    private Loop.@Nullable Timer retirement;

    TunnelConnection(ServerTunnel tunnel, Claim claim, int number, Loop loop, Wire wire) {
        this.tunnel = tunnel;
        request = claim.request();
        this.number = number;
        server = tunnel.server();
        mayTake = loop == tunnel.loop();
        driver = new LoopDriver(
                loop,
                wire,
                Role.CLIENT,
                SessionInternals.relayedOptions(server.options().session()),
                this,
                true);
        pulse = new Pulse(driver, this);
        Bandwidth bandwidth = tunnel.bandwidth();
        if (bandwidth != null) driver.limit(bandwidth);
        answer = new FirstAnswer(this, claim.ticket(), driver);
        visitors = new ConnectionVisitors(this, driver);
        control = new ConnectionControl(this, driver);
    }

    /** On the tunnel's loop. */
    void start() {
        loop().runOrExecute(this::begin);
    }

    private void begin() {
        answer.begin();
        driver.start();
        answer.ask();
        watch();
    }

    /** Ends the connection and resets its visitors. From any thread; does not block. */
    void close() {
        driver.loop().execute(driver::close);
    }

    /** Waits until the connection is closed, at most {@code nanos} nanoseconds. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        return driver.awaitTermination(nanos);
    }

    /** Returns the bytes received from visitors, for UDP with the length of each datagram. From any thread. */
    long bytesIn() {
        return ask(mux -> mux.bytesSent() - control.bytesSent());
    }

    /** Returns the bytes sent to visitors, as {@link #bytesIn}. From any thread. */
    long bytesOut() {
        return ask(mux -> mux.bytesReceived() - control.bytesReceived());
    }

    /** Returns its visitors. */
    ConnectionVisitors visitors() {
        return visitors;
    }

    /** Returns its control stream. */
    ConnectionControl control() {
        return control;
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
        loop().runOrExecute(() -> driver.fail(cause));
    }

    Loop loop() {
        return driver.loop();
    }

    /** Returns whether its client can come back to the tunnel. */
    boolean isLeased() {
        return !tunnel.id().isEmpty();
    }

    /**
     * The client has another connection in place of this one, on which it accepts no stream above {@code last} any more. The visitors
     * of those go to another connection. From any thread; does not block.
     */
    void seenUpTo(int last) {
        loop().runOrExecute(() -> {
            if (ended) return;
            goneAway = true; // before a visitor could come back here
            visitors.giveBack(last);
            tunnel.loop().runOrExecute(() -> tunnel.goneAway("the client has another connection in its place"));
        });
    }

    /** Pings it all the time, or not. On the tunnel's loop, perhaps with the lock of another session held. */
    void pulse(boolean wanted) {
        if (wanted == pulsing) return;
        pulsing = wanted;
        loop().execute(() -> pulse.run(wanted && !ended));
    }

    /**
     * A visitor is given to the client, whose answer is watched for from now on: if it does not answer, the next visitors wait, and the
     * client may join another connection meanwhile. A client without a lease cannot. On the loop of the connection.
     */
    void watch() {
        if (isLeased()) pulse.watch();
    }

    @Override
    public void silent() {
        // the port sees it in canTakeVisitor
    }

    @Override
    public void beat() {
        long now = System.nanoTime();
        long moved = bytesIn() + bytesOut();
        tunnel.loop().runOrExecute(() -> visitors.moved(now, moved));
    }

    @Override
    public void heard() {
        openable();
    }

    // ---- visitors

    /** Returns whether it accepts visitors at all. On the tunnel's loop. */
    boolean takesVisitors() {
        return mayTake && willTakeVisitors();
    }

    /** Returns whether it accepts visitors, or will once its client has answered. From any thread. */
    boolean willTakeVisitors() {
        return !goneAway && !superseded && !draining && !ended;
    }

    /**
     * Whether a visitor can be taken now. If not, and it is a matter of time, {@link PublicEndpoint#resume} is called later. On the
     * tunnel's loop.
     */
    boolean canTakeVisitor() {
        return !pulse.isSilent() && visitors.haveRoom();
    }

    /** Called when its last visitor has left, perhaps not for good. */
    void lastVisitorLeft() {
        if (draining) close();
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
    void retire() {
        if (draining || ended) return;
        long most = server.options().retireAfter().toMillis();
        log.info(
                "{}: all stream ids are used, closing with the last of {} visitors or in {} ms",
                tunnel,
                visitors.present(),
                most);
        retirement = driver.loop().schedule(server.options().retireAfter().toNanos(), driver::close);
        leave();
        tunnel.loop().runOrExecute(() -> tunnel.goneAway("all stream ids are used"));
    }

    /** Ends with the last visitor. */
    void drain() {
        loop().runOrExecute(this::leave);
    }

    private void leave() {
        if (draining || ended) return;
        draining = true;
        driver.lock.lock();
        try {
            control.mayEnd();
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
        if (visitors.present() == 0) close();
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

    /** Asks the core of the session. From any thread. */
    <T> T ask(Function<Multiplexer, T> question) {
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
        return control.open(stream);
    }

    /** Returns whether it has ended. From any thread. */
    boolean hasEnded() {
        return ended;
    }

    /** Returns whether it ends with its last visitor, or has ended. From any thread. */
    boolean isEnding() {
        return draining || ended;
    }

    /** Returns whether it gets no more visitors, but those that it has may finish. From any thread. */
    boolean isRunningDry() {
        return goneAway || draining;
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
        visitors.openable();
        // The endpoints may ask another session of the tunnel: not with this session's lock held.
        if (loop() == tunnel.loop() && tunnel.isServedBy(this)) tunnel.resume();
        else tunnel.loop().execute(tunnel::resume);
    }

    @Override
    public void onPong(long roundTrip) {
        pulse.answered();
        if (answer.hasArrived()) return;
        answer.arrive();
        log.debug("{}: answers, round trip {} us", tunnel, roundTrip / 1_000);
    }

    /** The client has sent a line, which is as good as the answer to the first ping. */
    void spoke() {
        if (!answer.hasArrived()) answer.arrive();
    }

    /** Called when the client has answered. */
    void established() {
        tunnel.loop().runOrExecute(() -> {
            mayTake = true;
            tunnel.established(this);
        });
    }

    @Override
    public void onGoAway() {
        if (answer.hasArrived()) server.log().goneAway("{}: the client accepts no more visitors", tunnel);
        goneAway = true;
        control.mayEnd();
        tunnel.loop().runOrExecute(() -> tunnel.goneAway("the client accepts no more visitors"));
    }

    @Override
    public void onEnd(Cause cause) {
        letGo();
        if (cause.kind() == Cause.Kind.PROTOCOL_ERROR) {
            server.security().client(SecurityEvent.PROTOCOL_VIOLATION, request.client(), request.name());
        }
        tunnel.loop().runOrExecute(() -> {
            tunnel.lost(this, cause);
            answer.leave();
        });
    }

    /** Stops the timers. Later calls have no effect. */
    void letGo() {
        ended = true;
        answer.stop();
        if (retirement != null) retirement.cancel();
        pulse.stop();
    }

    /** Returns the client's address for the log. */
    @Override
    public String toString() {
        return request.toString();
    }
}
