package org.relay4j.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.recording.Recorder;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.KeptBytes;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Splice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One visitor of an endpoint, from its stream to its end. On the loop of the connection that carries it. */
final class ServerVisitor implements Splice.Owner {
    private static final Logger log = LoggerFactory.getLogger(ServerVisitor.class);

    private final TunnelConnection connection;
    private final VisitorQueue queue;
    private final Arrival arrival; // without the first bytes, which would stay in memory
    private final @Nullable String id; // in logs; null if the stream has no header
    private @Nullable Splice splice; // once it has a stream
    private boolean left;
    private @Nullable IdleTimer idleTimer; // while connected, if its idle time is limited

    private ServerVisitor(TunnelConnection connection, VisitorQueue queue, Arrival arrival) {
        this.connection = connection;
        this.queue = queue;
        this.arrival = arrival.withoutRead();
        id = connection.tunnel().visitorAddresses()
                ? arrival.newId(connection.tunnel().server())
                : null;
    }

    /**
     * Joins a visitor to a new stream of the connection, with the session's lock held and the session READY. When that fails, the
     * socket is closed and the connection has been notified.
     */
    static void open(TunnelConnection connection, VisitorQueue queue, LoopDriver driver, Arrival arrival)
            throws IOException {
        ServerTunnel tunnel = connection.tunnel();
        ServerVisitor visitor = new ServerVisitor(connection, queue, arrival);
        Splice splice = null;
        try {
            if (!arrival.wasRead()) Sockets.configure(arrival.channel()); // else it was configured before
            splice = Splice.open(driver, arrival.wire(), visitor, visitor.header(), arrival.read());
            visitor.splice = splice;
            if (connection.isLeased() && !visitor.left) connection.visitors().unanswered(visitor);
            long idleTimeout = tunnel.server().options().idleTimeout().toNanos();
            if (idleTimeout > 0) visitor.limitIdleTime(splice, driver, idleTimeout);
            if (tunnel.announcements().areHeard()) tunnel.announcements().accepted(visitor.shown(splice.stream()));
            if (log.isDebugEnabled()) log.debug("{}: visitor {} connected", tunnel, visitor);
        } catch (IOException | RuntimeException | Error e) {
            if (splice != null) splice.abandon(e);
            else {
                arrival.reset();
                visitor.leave();
            }
            throw e;
        }
    }

    /** Returns the header of its stream; null if it has none. */
    private byte @Nullable [] header() throws IOException {
        if (!connection.tunnel().visitorAddresses()) return null;
        return new ProxyHeader(arrival.address(), arrival.destination(), false, queue.name(), id).encodeV2();
    }

    private void limitIdleTime(Splice splice, LoopDriver driver, long limit) {
        idleTimer = IdleTimer.start(
                splice,
                driver,
                limit,
                () -> splice.abandon(connection.tunnel().reporter().idle(arrival.address(), limit)));
    }

    @Override
    public @Nullable KeptBytes keepsIn() {
        return connection.isLeased()
                ? new KeptBytes(connection.tunnel().server().keptBytes())
                : null;
    }

    @Override
    public void answered(Splice same) {
        connection.visitors().answered(this);
    }

    /** Returns the id of its stream. */
    int stream() {
        return splice == null ? 0 : splice.stream().id();
    }

    /**
     * Gives the visitor back to its queue, for another connection, because the client will never see its stream. It is reset if not
     * all of its bytes were kept, or waiting visitors have as many bytes as they may. With the session's lock held.
     */
    void giveBack() {
        Splice begun = splice;
        if (begun == null || left) return;
        // It waits with its bytes, which count as those of other visitors that wait.
        ByteBuffer read = connection.tunnel().server().names().isFull() ? null : begun.takeBack();
        if (read == null) {
            begun.abandon(
                    new IOException("the client has not seen it, and the server has not kept all that it has sent"));
            return;
        }
        IOException moved = new IOException("it goes to another connection of the tunnel");
        left = true;
        report(begun, moved);
        queue.passed();
        connection.visitors().left();
        Loop next = queue.loop();
        if (next != connection.loop()) connection.loop().deregister(arrival.channel());
        Arrival again = new Arrival(arrival.wire(), arrival.address(), arrival.proxied(), read);
        next.execute(() -> queue.returned(again)); // the lock of another session may be needed
    }

    @Override
    public void ended(Splice splice, @Nullable Throwable failure) {
        leave();
        report(splice, failure);
    }

    private void report(Splice splice, @Nullable Throwable failure) {
        if (idleTimer != null) idleTimer.cancel();
        connection.visitors().answered(this);
        ServerTunnel tunnel = connection.tunnel();
        MuxStream stream = splice.stream();
        // Bytes that the session sends were received from the visitor, and vice versa.
        Recorder.visitor(
                tunnel,
                stream.id(),
                stream.age(System.nanoTime()),
                stream.bytesSent(),
                stream.bytesReceived(),
                failure);
        if (tunnel.announcements().areHeard()) tunnel.announcements().closed(shown(stream), failure);
        if (!log.isDebugEnabled()) return;
        log.debug(
                "{}: visitor {} {}; {} bytes in, {} bytes out, connected for {} ms",
                tunnel,
                this,
                failure == null ? "has disconnected" : "was reset: " + failure.getMessage(),
                stream.bytesSent(),
                stream.bytesReceived(),
                stream.age(System.nanoTime()) / 1_000_000);
    }

    private ServedVisitor shown(MuxStream stream) {
        return ServedVisitor.of(arrival.address(), id, stream);
    }

    private void leave() {
        if (left) return;
        left = true;
        connection.visitors().left(queue, arrival);
    }

    @Override
    public String toString() {
        String address = Sockets.text(arrival.address());
        return id == null ? address : address + " (" + id + ")";
    }
}
