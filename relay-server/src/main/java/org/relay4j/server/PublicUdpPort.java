package org.relay4j.server;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.DatagramMemory;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.UdpSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A public UDP port. A visitor is an address with a port that sends to it, until it has been silent for some time. Each has a stream
 * on a connection of the tunnel. Nothing waits here: a datagram that cannot be passed on is dropped and counted. On the tunnel's
 * loop, unless a method says otherwise.
 */
final class PublicUdpPort implements PublicEndpoint, UdpSocket.Owner {
    /*
     * What a stranger can do with forged source addresses is bounded: by the number of visitors, by that of new ones in a second, and
     * because a reply goes only to an address that has sent something within the idle time.
     */
    private static final Logger log = LoggerFactory.getLogger(PublicUdpPort.class);
    private static final long SWEEP = TimeUnit.SECONDS.toNanos(1);

    private final RelayServer server;
    private volatile Loop loop; // of the tunnel; written on it
    private final UdpSocket socket;
    private final Endpoint endpoint;
    private final DatagramCounts counts;
    private final DatagramMemory memory = new DatagramMemory();
    private final AtomicLong handedOver = new AtomicLong(); // bytes on their way to other loops
    private final UdpVisitors<UdpVisitor> visitors = new UdpVisitors<>();
    private final AddressRates rates = new AddressRates(System.nanoTime());
    private VisitorLimits limits; // of the client
    private volatile int present; // visitors; written on the loop
    private @Nullable ServerTunnel tunnel; // null until it is known
    private Loop.@Nullable Timer sweep; // while there are visitors
    private boolean started;
    private Flow flow = Flow.OPEN;
    private boolean closed;
    private @Nullable Runnable finished; // to be called when no visitor is left; no new ones come in

    /**
     * Binds the port that a client requests, or any port that it may have.
     *
     * @param wanted the requested port; 0 means any
     * @throws java.net.BindException if it is in use, or no port is free
     */
    PublicUdpPort(RelayServer server, Loop loop, ClientLimits limits, int wanted) throws IOException {
        this.server = server;
        this.loop = loop;
        counts = server.datagramCounts();
        this.limits = new VisitorLimits(limits, System.nanoTime());
        socket =
                server.publicUdpPorts().open(wanted, limits.udpPorts(), address -> UdpSocket.bind(loop, address, this));
        endpoint = Endpoint.udpPort(socket.address().getPort());
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public Loop loop() {
        return loop;
    }

    /** Returns the bind address with the port; without a host if all addresses are bound. */
    @Override
    public String publicAddress() {
        return PublicEndpoint.text(socket.address());
    }

    @Override
    public @Nullable VisitorQueue queue() {
        return null; // its visitors are never shared
    }

    @Override
    public void belongTo(ServerTunnel owner) {
        tunnel = owner;
        limits = new VisitorLimits(owner.request().limits(), System.nanoTime()); // there are no visitors yet
        flow = Flow.OPEN;
    }

    /** Its visitors end: the next datagram of each makes it a visitor of the other tunnel. */
    @Override
    public void moveTo(Loop next) {
        tunnel = null;
        removeIf(visitor -> true);
        if (sweep != null) sweep.cancel();
        sweep = null;
        socket.moveTo(next);
        if (next != loop) started = false;
        loop = next;
    }

    /** Present visitors stay in any case. */
    @Override
    public void turn(Flow newFlow) {
        flow = newFlow;
    }

    @Override
    public boolean belongsTo(ServerTunnel owner) {
        return !closed && tunnel == owner;
    }

    @Override
    public void start() throws IOException {
        if (!started) socket.start();
        started = true;
    }

    /** Nobody waits. */
    @Override
    public void resume() {}

    /**
     * Nobody waits, and no new visitor comes in. The port must be free when {@code then} is called, so present visitors end. But if the
     * server shuts down, nobody else can get the port, and they stay until they are idle.
     */
    @Override
    public void finish(Runnable then) {
        if (closed) then.run();
        else if (server.isClosing() && visitors.size() > 0) finished = then;
        else socket.detach(then);
    }

    private void finishWithoutVisitors() {
        Runnable then = finished;
        if (then == null || visitors.size() > 0) return;
        finished = null;
        loop.execute(then); // the lock of a session may be held
    }

    @Override
    public void close(@Nullable ServerTunnel owner) {
        if (closed || owner != tunnel) return;
        closed = true;
        socket.close();
        server.publicUdpPorts().release(endpoint.number());
        if (sweep != null) sweep.cancel();
        // Later: this may be called with the lock of one session held, and visitors of several may be left.
        loop.execute(() -> removeIf(visitor -> true));
    }

    @Override
    public int visitors() {
        return present;
    }

    @Override
    public int waiting() {
        return 0;
    }

    // ---- datagrams from visitors

    @Override
    public void received(ByteBuffer datagram, InetSocketAddress from) {
        if (closed) return;
        counts.received();
        long now = System.nanoTime();
        UdpVisitor visitor = visitors.heard(from);
        if (visitor == null) visitor = enter(from, now);
        if (visitor != null) visitor.arrived(datagram, now);
    }

    /** Lets a new visitor in; null if its datagram was dropped. */
    private @Nullable UdpVisitor enter(InetSocketAddress from, long now) {
        ServerTunnel owner = tunnel;
        DatagramDrop reason = refusal(owner, from.getAddress(), now);
        if (reason == null && visitors.size() >= server.options().maxUdpVisitors() && !displaceOne()) {
            limits.leave(from.getAddress());
            reason = DatagramDrop.VISITORS;
        }
        if (reason != null || owner == null) {
            dropped(reason == null ? DatagramDrop.HELD : reason, 1);
            return null;
        }
        TunnelConnection connection = owner.connections().chosen();
        UdpVisitor visitor = new UdpVisitor(this, connection, from, now);
        visitors.add(from, visitor);
        present = visitors.size();
        counts.entered();
        if (sweep == null) sweep = loop.schedule(SWEEP, this::sweep);
        connection.visitors().carry(visitor);
        return visitor;
    }

    private @Nullable DatagramDrop refusal(@Nullable ServerTunnel owner, InetAddress from, long now) {
        if (!server.options().visitorFilter().allows(from)) return DatagramDrop.ADDRESS;
        if (owner == null || flow != Flow.OPEN || finished != null) return DatagramDrop.HELD;
        if (!rates.admits(from, server.options().udpVisitorsPerSecond(), now)) return DatagramDrop.RATE;
        if (!owner.visitors().admitsDatagrams(from, now)) return DatagramDrop.RATE;
        if (!owner.connections().choose()) return DatagramDrop.HELD;
        return limits.enter(from, now) == null ? null : DatagramDrop.RATE;
    }

    private boolean displaceOne() {
        UdpVisitor oldest = visitors.displace();
        if (oldest == null) return false;
        forget(oldest);
        oldest.end();
        return true;
    }

    private void sweep() {
        sweep = null;
        long now = System.nanoTime();
        long idleTimeout = server.options().udpIdleTimeout().toNanos();
        removeIf(visitor -> visitor.isIdle(idleTimeout, now));
        if (visitors.size() > 0) sweep = loop.schedule(SWEEP, this::sweep);
    }

    private void removeIf(Predicate<UdpVisitor> over) {
        for (UdpVisitor visitor : visitors.removeIf(over)) {
            forget(visitor);
            visitor.end();
        }
    }

    /** The visitor has sent again after a reply. */
    void established(UdpVisitor visitor) {
        visitors.establish(visitor.address());
    }

    /** The visitor was removed. */
    private void forget(UdpVisitor visitor) {
        visitor.removed();
        present = visitors.size();
        limits.leave(visitor.address().getAddress());
        counts.left();
        finishWithoutVisitors();
    }

    // ---- the streams of visitors; on any loop

    /** The stream of a visitor has ended. On the loop on which the visitor came. */
    void left(UdpVisitor visitor) {
        if (!visitor.isRemoved() && visitors.remove(visitor.address(), visitor)) forget(visitor);
    }

    /** Sends a reply to a visitor, unless it has been silent for too long. */
    void send(ByteBuffer datagram, InetSocketAddress to, long heardAt) {
        if (System.nanoTime() - heardAt > server.options().udpIdleTimeout().toNanos()) {
            dropped(DatagramDrop.SILENT, 1);
            return;
        }
        boolean sent = false;
        try {
            sent = socket.send(datagram, to);
        } catch (IOException e) {
            log.debug("{}: cannot send to {}: {}", this, to, e.toString());
        }
        if (sent) counts.sent();
        else dropped(DatagramDrop.SOCKET, 1);
    }

    void dropped(DatagramDrop reason, int datagrams) {
        counts.dropped(reason, datagrams, this);
    }

    DatagramMemory memory() {
        return memory;
    }

    /** Returns the count of the bytes that are on their way to other loops. */
    AtomicLong handedOver() {
        return handedOver;
    }

    /** Returns the address to which a visitor has sent. A socket on all addresses does not know which one it was. */
    InetSocketAddress destination(InetSocketAddress from) {
        InetSocketAddress local = socket.address();
        boolean any = local.getAddress().isAnyLocalAddress() && from.getAddress() instanceof Inet4Address;
        return any ? new InetSocketAddress("0.0.0.0", local.getPort()) : local;
    }

    @Override
    public void failed(IOException failure) {
        if (!closed) server.log().failed("{}: the socket has failed", this, failure);
    }

    @Override
    public String toString() {
        return tunnel == null ? endpoint.toString() : tunnel + ", " + endpoint;
    }
}
