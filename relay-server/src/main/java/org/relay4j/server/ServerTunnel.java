package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.PortLine;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.CoreSettings;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Splice;
import org.relay4j.yamux.io.TunnelEvent;
import org.relay4j.yamux.io.VisitorEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of the server: its session, its public listener, and its visitors, all on one loop for life. Everything here
 * runs on that loop; what concerns the session, with the session's lock held.
 */
final class ServerTunnel implements SessionEvents, Listener.Owner, Splice.Owner {
    private static final Logger log = LoggerFactory.getLogger(ServerTunnel.class);

    private final RelayServer server;
    private final RelayServerOptions options;
    private final Admission admission;
    private final InetSocketAddress client;
    private final String name;
    private final LoopDriver driver;
    private final Listener listener;
    private int visitors;
    private boolean established;
    private boolean ended;
    private boolean portClosed;
    private long refused; // visitors over a limit
    private @Nullable TunnelEvent recorded;

    private ServerTunnel(RelayServer server, Loop loop, SocketChannel channel, long number) throws IOException {
        this.server = server;
        options = server.options();
        admission = server.admission();
        client = (InetSocketAddress) channel.getRemoteAddress();
        listener = server.publicPorts().open(loop, this);
        name = "tunnel " + number + " (port " + listener.address().getPort() + ")";
        driver = new LoopDriver(loop, channel, Role.CLIENT, CoreSettings.of(options.session()), this, true);
    }

    /** Gives an admitted client a public port, or tells it why there is none. Null when there is none. */
    static @Nullable ServerTunnel open(RelayServer server, Loop loop, SocketChannel channel, long number) {
        ServerTunnel tunnel;
        try {
            tunnel = new ServerTunnel(server, loop, channel, number);
        } catch (IOException e) {
            log.warn("tunnel {}: no public port for {}: {}", number, Sockets.peer(channel), e.getMessage());
            if (e instanceof BindException) refuse(channel, "no-port-free", String.valueOf(e.getMessage()));
            else refuse(channel, "internal", "no public port can be opened");
            return null;
        }
        if (tunnel.start(channel)) return tunnel;
        tunnel.closePort();
        Sockets.close(channel);
        return null;
    }

    /** Answers with an error line in place of the port, and closes. */
    static void refuse(SocketChannel channel, String code, String detail) {
        try {
            channel.write(ByteBuffer.wrap(PortLine.encodeError(code, detail)));
        } catch (IOException e) {
            log.debug("{} left before it could be refused: {}", channel, e.toString());
        }
        Sockets.close(channel);
    }

    private boolean start(SocketChannel channel) {
        ByteBuffer line = ByteBuffer.wrap(PortLine.encode(listener.address().getPort()));
        try {
            channel.write(line);
            if (line.hasRemaining()) throw new IOException("the port line does not fit into the socket buffer");
            listener.start();
        } catch (IOException e) {
            log.debug("{}: {} has left: {}", name, client, e.toString());
            return false;
        }
        recorded = TunnelEvent.begun();
        server.opened(this);
        driver.start();
        // The answer, or anything else from the client, shows that it speaks yamux.
        driver.ping();
        driver.loop().schedule(options.handshakeTimeout().toNanos(), this::checkEstablished);
        log.info("{}: up, client {}", name, client);
        return true;
    }

    private void checkEstablished() {
        if (established || ended) return;
        if (hasReceived()) {
            establish();
            return;
        }
        driver.fail(new Cause(
                Cause.Kind.TIMEOUT,
                "the client has not answered for " + options.handshakeTimeout().toMillis()
                        + " ms, does it speak yamux?"));
    }

    /** Ends the tunnel; visitors are reset. From any thread; returns at once. */
    void close() {
        driver.loop().execute(driver::close);
    }

    /** Waits until the connection to the client is closed, at most {@code nanos}. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        return driver.awaitTermination(nanos);
    }

    InetSocketAddress client() {
        return client;
    }

    boolean wasEstablished() {
        return established;
    }

    // ---- visitors

    @Override
    public boolean canAccept() {
        driver.lock.lock();
        try {
            return driver.mux().openState() == Multiplexer.OpenState.READY;
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void accepted(SocketChannel channel) {
        if (visitors >= options.maxVisitorsPerTunnel() || !admission.enterVisitor()) {
            refuseVisitor(channel);
            return;
        }
        visitors++;
        driver.lock.lock();
        try {
            Sockets.configure(channel);
            Splice.open(driver, channel, this);
            log.debug("{}: visitor {}", name, channel);
        } catch (IOException e) {
            log.debug("{}: visitor {} has left: {}", name, channel, e.toString());
            Sockets.reset(channel);
            leaveVisitor();
        } finally {
            driver.lock.unlock();
        }
    }

    private void refuseVisitor(SocketChannel channel) {
        Sockets.reset(channel);
        refused++;
        if (server.mayWarn()) {
            log.warn(
                    "{}: visitor refused, {} of {} here and {} of {} in all are connected ({} refused so far)",
                    name,
                    visitors,
                    options.maxVisitorsPerTunnel(),
                    admission.visitors(),
                    options.maxVisitors(),
                    refused);
        }
    }

    @Override
    public void ended(Splice splice, @Nullable Throwable failure) {
        leaveVisitor();
        VisitorEvent.record(this, splice.stream(), failure);
        if (log.isDebugEnabled()) {
            log.debug("{}: {} {}", name, splice, failure == null ? "has left" : "was reset: " + failure.getMessage());
        }
    }

    private void leaveVisitor() {
        visitors--;
        admission.leaveVisitor();
    }

    // ---- session

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        return null; // a server of the base protocol takes no streams from its client
    }

    @Override
    public void onOpenable() {
        listener.resume();
    }

    @Override
    public void onPong(long roundTrip) {
        if (established) return;
        establish();
        log.debug("{}: answers, round trip {} us", name, roundTrip / 1_000);
    }

    private void closePort() {
        if (portClosed) return;
        portClosed = true;
        listener.close();
        server.publicPorts().release(listener.address().getPort());
    }

    private void establish() {
        established = true;
        admission.established(client.getAddress());
    }

    private boolean hasReceived() {
        driver.lock.lock();
        try {
            return driver.mux().hasReceived();
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void onGoAway() {
        log.info("{}: the client takes no more visitors", name);
        closePort();
    }

    @Override
    public void onEnd(Cause cause) {
        ended = true;
        closePort();
        if (recorded != null) recorded.ended(name, cause.message());
        server.ended(this);
        boolean wanted = cause.kind() == Cause.Kind.CLOSED_LOCALLY || cause.kind() == Cause.Kind.CLOSED_BY_PEER;
        if (wanted) log.info("{}: down, {}", name, cause.message());
        else log.warn("{}: down, {}", name, cause.message());
    }

    @Override
    public String toString() {
        return name;
    }
}
