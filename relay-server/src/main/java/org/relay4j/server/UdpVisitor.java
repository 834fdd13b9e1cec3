package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.recording.Recorder;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.DatagramStream;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A visitor of a UDP port, which is one address with a port: the datagrams from there, and the stream that carries them. Its port is
 * on the tunnel's loop, and its stream on that of a connection, usually the same one.
 */
final class UdpVisitor implements DatagramStream.Owner {
    private static final Logger log = LoggerFactory.getLogger(UdpVisitor.class);
    private static final long UNANSWERED = TimeUnit.SECONDS.toNanos(10);

    private final PublicUdpPort port;
    private final Loop home; // of the tunnel
    private final TunnelConnection connection;
    private final InetSocketAddress address;
    private final String id; // in logs
    private final @Nullable DatagramHandover handover; // null: the connection is on the tunnel's loop
    private volatile long heardAt; // ns; latest datagram of the visitor; written on the tunnel's loop
    private volatile boolean answered; // written on the connection's loop
    private boolean established; // has sent again after a reply; on the tunnel's loop
    private boolean removed; // from the port; on the tunnel's loop
    private @Nullable LoopDriver driver; // null before its stream is opened; on the connection's loop
    private @Nullable DatagramStream stream; // as driver
    private boolean ended; // on the connection's loop

    UdpVisitor(PublicUdpPort port, TunnelConnection connection, InetSocketAddress address, long now) {
        this.port = port;
        home = port.loop();
        this.connection = connection;
        this.address = address;
        id = connection.tunnel().server().newVisitorId();
        heardAt = now;
        Loop other = connection.loop();
        handover = other == home ? null : new DatagramHandover(other, port.handedOver(), this::pass);
    }

    InetSocketAddress address() {
        return address;
    }

    // ---- on the tunnel's loop

    /** A datagram has arrived from the visitor, the first one or a later one. */
    void arrived(ByteBuffer datagram, long now) {
        heardAt = now;
        if (answered && !established) {
            established = true;
            port.established(this);
        }
        if (handover == null) {
            pass(datagram);
            return;
        }
        int dropped = handover.pass(datagram);
        if (dropped > 0) port.dropped(DatagramDrop.WINDOW, dropped);
    }

    /** Returns whether it has been silent for too long. Until the first reply, a shorter time applies. */
    boolean isIdle(long idleTimeout, long now) {
        return now - heardAt > (answered ? idleTimeout : Math.min(UNANSWERED, idleTimeout));
    }

    /** The port has removed it. */
    void removed() {
        removed = true;
    }

    boolean isRemoved() {
        return removed;
    }

    /** Ends its stream, because it is idle or has to give way. The port has removed it. */
    void end() {
        if (handover == null) endStream();
        else connection.loop().execute(this::endStream);
    }

    // ---- on the connection's loop

    /** Opens its stream, with the session's lock held and the session READY. Returns false if there is no memory left. */
    boolean open(LoopDriver session) {
        ServerTunnel tunnel = connection.tunnel();
        byte[] header = new ProxyHeader(
                        address,
                        port.destination(address),
                        true,
                        port.endpoint().toString(),
                        id)
                .encodeV2();
        DatagramStream opened = DatagramStream.open(session, port.memory(), this, header);
        if (opened == null) return false;
        driver = session;
        stream = opened;
        if (tunnel.announcements().areHeard()) tunnel.announcements().accepted(shown(opened.stream()));
        if (log.isDebugEnabled()) log.debug("{}: visitor {} connected", port, this);
        return true;
    }

    /** It has no stream, because there was no room for one, or no longer. */
    void leave() {
        home.runOrExecute(() -> port.left(this));
    }

    private void pass(ByteBuffer datagram) {
        LoopDriver session = driver;
        DatagramStream carrying = stream;
        if (session == null || carrying == null) {
            port.dropped(DatagramDrop.HELD, 1); // there was no room for its stream
            return;
        }
        session.lock.lock();
        try {
            if (carrying.admits(datagram)) carrying.send(datagram);
            else port.dropped(DatagramDrop.BANDWIDTH, 1);
            session.flush();
        } finally {
            session.lock.unlock();
        }
    }

    private void endStream() {
        LoopDriver session = driver;
        DatagramStream carrying = stream;
        if (session == null || carrying == null) return;
        session.lock.lock();
        try {
            if (ended) return;
            carrying.end(0);
            left(carrying, null);
            session.flush();
        } finally {
            session.lock.unlock();
        }
    }

    @Override
    public void received(ByteBuffer datagram) {
        answered = true;
        port.send(datagram, address, heardAt);
    }

    @Override
    public void dropped(int datagrams) {
        port.dropped(DatagramDrop.WINDOW, datagrams);
    }

    @Override
    public void ended(@Nullable Cause cause) {
        DatagramStream carrying = stream;
        if (carrying == null) return;
        if (carrying.isMalformed()) port.dropped(DatagramDrop.MALFORMED, 1);
        left(carrying, cause);
        leave();
    }

    private void left(DatagramStream carrying, @Nullable Cause cause) {
        ended = true;
        MuxStream over = carrying.stream();
        Throwable failure = cause == null ? null : new IOException(cause.message(), cause.error());
        ServerTunnel tunnel = connection.tunnel();
        // Bytes that the session sends were received from the visitor, and vice versa.
        Recorder.visitor(
                tunnel, over.id(), over.age(System.nanoTime()), over.bytesSent(), over.bytesReceived(), failure);
        if (tunnel.announcements().areHeard()) tunnel.announcements().closed(shown(over), failure);
        if (log.isDebugEnabled()) log.debug("{}: visitor {} has left: {}", port, this, cause);
        connection.visitors().left();
    }

    private ServedVisitor shown(MuxStream of) {
        return ServedVisitor.of(address, id, of);
    }

    @Override
    public String toString() {
        return Sockets.text(address) + " (" + id + ")";
    }
}
