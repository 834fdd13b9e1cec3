package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/**
 * The public port of a tunnel, which outlives the connections that carry its visitors: accepts visitors, counts them, and
 * refuses those beyond a limit. While no connection takes visitors, some wait here unread, and further ones in the kernel. On
 * the tunnel's loop.
 */
final class PublicPort implements Listener.Owner {
    /*
     * More than 300 lines because a visitor that waits, is read, is on its way or comes back must be counted exactly once.
     */

    /** Maximum number of visitors that wait for a connection. */
    static final int MOST_WAITING = 128;

    private final RelayServer server;
    private final Loop loop;
    private final Listener listener;
    private final ArrayDeque<Arrival> waiting = new ArrayDeque<>(0); // counted, and not read
    private @Nullable ServerTunnel tunnel; // that has the port; null until it is known
    private VisitorLimits limits; // of that tunnel
    private int ownMost; // visitors of this tunnel; 0: only the limit of the server
    private final AtomicInteger visitors = new AtomicInteger(); // written on the loop
    private int reading; // visitors whose header is incomplete
    private long refused; // visitors beyond a limit
    private boolean started;
    private @Nullable Runnable finished; // to be called when no visitor is left at the port; null while it stays open
    private boolean accepting; // the visitors that the kernel holds, after which the listener closes
    private boolean settling; // the loops of the connections are asked for visitors on the way
    private boolean closed;

    private PublicPort(RelayServer server, Loop loop, ClientLimits limits, Binder binder) throws IOException {
        this.server = server;
        this.loop = loop;
        this.limits = new VisitorLimits(limits, System.nanoTime());
        listener = binder.bind(this);
    }

    /** Binds the listener of a port. */
    @FunctionalInterface
    private interface Binder {
        Listener bind(Listener.Owner owner) throws IOException;
    }

    /**
     * Binds the port that a client requests, or any port that it may have.
     *
     * @param wanted the requested port; 0 means any
     * @throws java.net.BindException if it is in use, or no port is free
     */
    static PublicPort open(RelayServer server, Loop loop, ClientLimits limits, int wanted) throws IOException {
        PublicPorts ports = server.publicPorts();
        if (wanted > 0) return new PublicPort(server, loop, limits, owner -> ports.open(loop, owner, wanted));
        if (limits.ports().isEmpty()) return new PublicPort(server, loop, limits, owner -> ports.open(loop, owner));
        PortRange range = limits.ports().get(0);
        return new PublicPort(server, loop, limits, owner -> ports.open(loop, owner, range));
    }

    Loop loop() {
        return loop;
    }

    int number() {
        return listener.address().getPort();
    }

    /** Assigns the port to a tunnel. */
    void belongTo(ServerTunnel owner, ClientLimits ownersLimits) {
        if (tunnel != null) limits = new VisitorLimits(ownersLimits, System.nanoTime()); // it was the port of another
        tunnel = owner;
        ownMost = ownersLimits.maxVisitors();
    }

    private int mostVisitors() {
        int most = server.options().maxVisitorsPerTunnel();
        return ownMost > 0 ? Math.min(ownMost, most) : most;
    }

    /** Returns whether the tunnel has the port, and it is open. */
    boolean belongsTo(ServerTunnel owner) {
        return !closed && owner == tunnel;
    }

    /** Starts to accept visitors. Later calls have no effect. */
    void start() throws IOException {
        if (!started) listener.start();
        started = true;
    }

    /** Called when a connection may accept a visitor: waiting ones are first. */
    void resume() {
        while (!waiting.isEmpty() && tunnel != null && tunnel.canTakeVisitor()) {
            try {
                tunnel.take(waiting.remove());
            } catch (RuntimeException | Error e) {
                server.log().failed("{}: unexpected failure, a visitor was reset", tunnel, e);
            }
        }
        if (finished == null) listener.resume();
        else settle();
    }

    /**
     * Accepts the visitors that the kernel holds, but no more, and calls {@code then} when all were passed to a connection: usually
     * at once, otherwise when the connections have room for them. If the port is closed, {@code then} is called at once.
     */
    void finish(Runnable then) {
        if (closed) {
            then.run();
            return;
        }
        finished = then;
        accepting = true;
        listener.acceptAndClose(() -> {
            accepting = false;
            resume();
        });
    }

    /** Finishes if no visitor is left: neither here, nor on the way to a connection, which may return it. */
    private void settle() {
        ServerTunnel owner = tunnel;
        if (settling || owner == null || !isEmpty()) return;
        settling = true;
        owner.afterVisitorsOnTheWay(() -> {
            settling = false;
            Runnable then = finished;
            if (then == null) return; // it was closed meanwhile
            if (!isEmpty()) {
                resume();
                return;
            }
            finished = null;
            then.run();
        });
    }

    /** Returns false while the last visitors are accepted, wait for a connection, or send their header, which takes a limited time. */
    private boolean isEmpty() {
        return !accepting && waiting.isEmpty() && reading == 0;
    }

    /** A visitor was on its way to a connection that has no room. It waits here, even if there are many already. */
    void returned(Arrival visitor) {
        if (closed) {
            Sockets.reset(visitor.channel());
            left(visitor);
        } else {
            waiting.addFirst(visitor);
            resume();
        }
    }

    /** Returns the number of visitors that wait for a connection. */
    int waiting() {
        return waiting.size();
    }

    /**
     * Stops accepting visitors, resets waiting ones, and releases the port, if {@code owner} has it. Later calls have no effect.
     *
     * @param owner null if the port was not assigned
     */
    void close(@Nullable ServerTunnel owner) {
        if (closed || owner != tunnel) return;
        closed = true;
        Runnable then = finished;
        finished = null;
        listener.close();
        for (Arrival visitor; (visitor = waiting.poll()) != null; ) {
            Sockets.reset(visitor.channel());
            left(visitor);
        }
        server.publicPorts().release(number());
        if (then != null) then.run();
    }

    @Override
    public boolean canAccept() {
        if (tunnel == null) return false;
        if (tunnel.isHeld()) return waiting.size() + reading < MOST_WAITING;
        return waiting.isEmpty() && tunnel.canTakeVisitor();
    }

    @Override
    public void accepted(SocketChannel channel) {
        if (tunnel == null) throw new IllegalStateException("accepted before the port was assigned");
        InetSocketAddress from = remote(channel);
        if (from == null) {
            Sockets.close(channel); // it has disconnected
            return;
        }
        if (server.proxies().contains(from.getAddress())) readHeader(channel, from);
        else {
            boolean ready = finished == null ? !tunnel.isHeld() : waiting.isEmpty() && tunnel.canTakeVisitor();
            arrived(tunnel, new Arrival(channel, from, null, limits), ready);
        }
    }

    private void readHeader(SocketChannel channel, InetSocketAddress proxy) {
        try {
            Sockets.configure(channel);
        } catch (IOException e) {
            Sockets.close(channel); // it has disconnected
            return;
        }
        reading++;
        server.proxies().read(loop, channel, proxy, new TrustedProxies.Next() {
            @Override
            public void accepted(SocketChannel complete, InetSocketAddress from, ProxyHeader header) {
                ServerTunnel owner = tunnel;
                try {
                    if (closed || owner == null) Sockets.reset(complete);
                    else {
                        Arrival visitor = new Arrival(complete, from, header, limits);
                        arrived(owner, visitor, waiting.isEmpty() && owner.canTakeVisitor());
                    }
                } finally {
                    ended();
                }
            }

            @Override
            public void ended() {
                reading--;
                loop.execute(PublicPort.this::resume);
            }
        });
    }

    /**
     * Passes a visitor on, or lets it wait. At most {@link #MOST_WAITING} wait for a held tunnel, including those whose header is
     * being read.
     *
     * @param ready whether a connection can accept the visitor now
     */
    private void arrived(ServerTunnel owner, Arrival visitor, boolean ready) {
        InetSocketAddress from = visitor.address();
        Refusal reason = enter(from);
        if (reason != null) {
            Sockets.reset(visitor.channel());
            refused(owner, reason, from);
            return;
        }
        owner.entered();
        if (ready) owner.take(visitor);
        else waiting.add(visitor);
    }

    /** Counts one more visitor. Returns why it is refused; null if it is not. */
    private @Nullable Refusal enter(InetSocketAddress from) {
        if (!server.options().visitorFilter().allows(from.getAddress())) return Refusal.VISITOR_ADDRESS;
        if (visitors.get() >= mostVisitors()) return Refusal.VISITORS_OF_TUNNEL;
        Refusal reason = limits.enter(from.getAddress(), System.nanoTime());
        if (reason != null) return reason;
        if (!server.admission().enterVisitor()) {
            limits.leave(from.getAddress());
            return Refusal.VISITORS;
        }
        visitors.incrementAndGet();
        return null;
    }

    private void refused(ServerTunnel owner, Refusal reason, InetSocketAddress from) {
        refused++;
        String visitor = Sockets.text(from);
        switch (reason) {
            case VISITOR_ADDRESS ->
                server.refused(reason, from, "{}: visitor {} refused, its address is not allowed", owner, visitor);
            case VISITORS_OF_ADDRESS ->
                server.refused(
                        reason,
                        from,
                        "{}: visitor {} refused, {} of its address are connected ({} refused so far)",
                        owner,
                        visitor,
                        limits.mostOfAnAddress(),
                        refused);
            case VISITOR_RATE ->
                server.refused(
                        reason,
                        from,
                        "{}: visitor {} refused, more came than {} in a second ({} refused so far)",
                        owner,
                        visitor,
                        limits.perSecond(),
                        refused);
            default ->
                server.refused(
                        reason,
                        from,
                        "{}: visitor refused, {} of {} here and {} of {} in all are connected ({} refused so far)",
                        owner,
                        visitors.get(),
                        mostVisitors(),
                        server.admission().visitors(),
                        server.options().maxVisitors(),
                        refused);
        }
    }

    private static @Nullable InetSocketAddress remote(SocketChannel channel) {
        try {
            return (InetSocketAddress) channel.getRemoteAddress();
        } catch (IOException e) {
            return null; // it has disconnected
        }
    }

    /** Returns the number of visitors that were accepted and have not left. From any thread. */
    int visitors() {
        return visitors.get();
    }

    /** Called when the connection of an accepted visitor has ended. */
    void left(Arrival visitor) {
        visitors.decrementAndGet();
        visitor.limits().leave(visitor.address().getAddress());
        server.admission().leaveVisitor();
    }
}
