package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.control.PortLine;
import org.relay4j.api.recording.TunnelEvent;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of the server: its session, its public listener, and its visitors, all on one loop for life. Everything here
 * runs on that loop; what concerns the session, with the session's lock held.
 */
final class ServerTunnel implements SessionEvents {
    private static final Logger log = LoggerFactory.getLogger(ServerTunnel.class);

    private final RelayServer server;
    private final RelayServerOptions options;
    private final Admission.Ticket ticket;
    private final ServedTunnel shown;
    private final Announcements announcements;
    private final String name;
    private final LoopDriver driver;
    private final PublicPort port;
    private boolean established;
    private boolean ended;
    private boolean draining; // ends with its last visitor
    private Loop.@Nullable Timer handshake; // until the client has shown a sign of life
    private Loop.@Nullable Timer retirement;
    private @Nullable TunnelEvent recorded;

    private ServerTunnel(
            RelayServer server, Loop loop, SocketChannel channel, InetSocketAddress client, Admission.Ticket ticket)
            throws IOException {
        this.server = server;
        options = server.options();
        this.ticket = ticket;
        port = new PublicPort(server, this, loop);
        boolean made = false;
        try {
            name = "tunnel " + ticket.number() + " (port " + port.number() + ")";
            shown = new ServedTunnel(ticket.number(), client, port.number());
            announcements = new Announcements(server.events(), shown);
            driver = new LoopDriver(
                    loop, channel, Role.CLIENT, SessionInternals.relayedOptions(options.session()), this, true);
            made = true;
        } finally {
            if (!made) port.close();
        }
    }

    /**
     * Gives an admitted client a public port. Null when it has left meanwhile; then, and after an exception, nothing is left
     * but the channel and the ticket, which are the caller's.
     *
     * @throws java.net.BindException when no public port is free
     */
    static @Nullable ServerTunnel open(
            RelayServer server, Loop loop, SocketChannel channel, InetSocketAddress client, Admission.Ticket ticket)
            throws IOException {
        ServerTunnel tunnel = new ServerTunnel(server, loop, channel, client, ticket);
        boolean started = false;
        try {
            started = tunnel.start(channel);
        } finally {
            if (!started) tunnel.letGo();
        }
        return started ? tunnel : null;
    }

    private boolean start(SocketChannel channel) {
        ByteBuffer line = ByteBuffer.wrap(PortLine.encode(port.number()));
        try {
            channel.write(line);
            if (line.hasRemaining()) throw new IOException("the port line does not fit into the socket buffer");
            port.start();
        } catch (IOException e) {
            log.debug("{}: {} has left: {}", name, client(), e.toString());
            return false;
        }
        log.debug("{}: connected, client {}", name, client());
        recorded = TunnelEvent.begun();
        server.tunnels().opened(this);
        handshake = driver.loop().schedule(options.handshakeTimeout().toNanos(), this::checkEstablished);
        driver.start();
        // The answer, or anything else from the client, shows that it speaks yamux.
        driver.ping();
        ticket.onDrop(this::drop);
        return true;
    }

    private void checkEstablished() {
        handshake = null;
        if (established || ended) return;
        if (ask(Multiplexer::hasReceived)) {
            establish();
            return;
        }
        driver.fail(new Cause(
                Cause.Kind.TIMEOUT,
                "the client has not answered for " + options.handshakeTimeout().toMillis()
                        + " ms, does it speak yamux?"));
    }

    /** Another client has taken the place of this one, which is pending. From any thread; returns at once. */
    private void drop() {
        driver.loop().execute(() -> {
            if (ended) return;
            server.refused(
                    Refusal.PENDING,
                    shown.client(),
                    "{}: client {} dropped before it had answered: newer clients have connected, and {} at once ({} of one"
                            + " address) may be pending",
                    name,
                    client(),
                    options.maxPending(),
                    options.maxPendingPerAddress());
            driver.fail(new Cause(Cause.Kind.CONNECTION_LOST, "the client was dropped before it had answered"));
        });
    }

    /** Takes no more visitors, and ends with the last one. From any thread; returns at once. */
    void drain() {
        driver.loop().execute(this::endWithLastVisitor);
    }

    /** Ends the tunnel; visitors are reset. From any thread; returns at once. */
    void close() {
        driver.loop().execute(driver::close);
    }

    /** Waits until the connection to the client is closed, at most {@code nanos}. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        return driver.awaitTermination(nanos);
    }

    /** Bytes that have come from visitors. From any thread. */
    long bytesIn() {
        return ask(Multiplexer::bytesSent);
    }

    /** Bytes that the client has sent for visitors. From any thread. */
    long bytesOut() {
        return ask(Multiplexer::bytesReceived);
    }

    // ---- visitors

    boolean canTakeVisitor() {
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

    /** Joins a visitor, which the port has counted, to a new stream. */
    void take(SocketChannel visitor) throws IOException {
        driver.lock.lock();
        try {
            ServerVisitor.open(this, driver, visitor);
        } finally {
            driver.lock.unlock();
        }
    }

    void visitorLeft() {
        if (draining && port.visitors() == 0) close();
    }

    PublicPort port() {
        return port;
    }

    Announcements announcements() {
        return announcements;
    }

    /**
     * All stream ids are used, after 2^31 visitors. The port is closed, and the session ends with its last visitor; one that
     * stays does not keep the client from reconnecting for longer than {@link RelayServerOptions#retireAfter}.
     */
    private void retire() {
        if (draining || ended) return;
        long most = options.retireAfter().toMillis();
        log.info(
                "{}: all stream ids are used, closing with the last of {} visitors or in {} ms",
                name,
                port.visitors(),
                most);
        retirement = driver.loop().schedule(options.retireAfter().toNanos(), driver::close);
        endWithLastVisitor();
    }

    private void endWithLastVisitor() {
        if (draining || ended) return;
        draining = true;
        port.close();
        if (port.visitors() == 0) close();
    }

    /** Makes {@code id} the next stream id, for tests: a tunnel has 2^31 of them. */
    void skipStreamIds(int id) {
        driver.lock.lock();
        try {
            driver.mux().skipTo(id);
        } finally {
            driver.lock.unlock();
        }
    }

    // ---- session

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        return null; // a server of the base protocol takes no streams from its client
    }

    @Override
    public void onOpenable() {
        port.resume();
    }

    @Override
    public void onPong(long roundTrip) {
        if (established) return;
        establish();
        log.debug("{}: answers, round trip {} us", name, roundTrip / 1_000);
    }

    private void establish() {
        if (!ticket.established()) return; // it was dropped, and is about to end
        established = true;
        if (handshake != null) handshake.cancel();
        handshake = null;
        server.tunnels().established();
        server.log().up("{}: up, client {}", name, client());
        announcements.up();
    }

    private <T> T ask(Function<Multiplexer, T> question) {
        driver.lock.lock();
        try {
            return question.apply(driver.mux());
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void onGoAway() {
        if (established) server.log().goneAway("{}: the client takes no more visitors", name);
        port.close();
    }

    @Override
    public void onEnd(Cause cause) {
        letGo();
        if (recorded != null) recorded.ended(name, cause.message());
        announcements.down(loss(cause));
        if (established) server.log().down(cause.kind(), "{}: down, {}", name, cause.message());
        else server.log().neverUp(cause.kind(), "{}: down, client {}: {}", name, client(), cause.message());
    }

    /** Gives everything back but the connection. Has no effect the second time. */
    private void letGo() {
        ended = true;
        if (handshake != null) handshake.cancel();
        if (retirement != null) retirement.cancel();
        port.close();
        server.tunnels().ended(this, established, bytesIn(), bytesOut());
        ticket.leave();
    }

    private static @Nullable Throwable loss(Cause cause) {
        if (cause.kind() == Cause.Kind.CLOSED_LOCALLY) return null;
        boolean clean = cause.kind() == Cause.Kind.CLOSED_BY_PEER;
        return new TunnelLostException("the tunnel was lost: " + cause.message(), clean, cause.error());
    }

    /** Its address, for the log. */
    private String client() {
        return Sockets.text(shown.client());
    }

    @Override
    public String toString() {
        return name;
    }
}
