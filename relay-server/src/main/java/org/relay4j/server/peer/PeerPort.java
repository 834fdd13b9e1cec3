package org.relay4j.server.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Pending;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.TlsWire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The port on which other nodes of the cluster connect to this one, to pass visitors to its tunnels. On one loop, unless a method
 * says otherwise; each link then belongs to the loop that its node has asked for.
 */
public final class PeerPort implements Listener.Owner, AutoCloseable {
    /** Connections whose handshake is incomplete; one more displaces the oldest one of the address that has the most. */
    static final int MOST_PENDING = 64;

    private static final Logger log = LoggerFactory.getLogger(PeerPort.class);
    private static final int LINES = 20; // of refused links at once; then one a second

    private final PeerSettings settings;
    private final PeerTarget target;
    private final Loop loop;
    private final PeerTasks tasks = new PeerTasks();
    private final PeerInbounds links;
    private final Listener listener;
    private final LimitedLog refused = new LimitedLog(log, Level.WARN, LINES);
    private final Pending<Newcomer> pending = new Pending<>(); // those whose handshake is incomplete
    private boolean closed;

    private PeerPort(PeerSettings settings, InetSocketAddress address, PeerTarget target) throws IOException {
        this.settings = settings;
        this.target = target;
        loop = settings.loops().get(0);
        links = new PeerInbounds(2 * settings.loops().size());
        listener = Listener.open(loop, address, this);
    }

    /**
     * Binds the port and starts to accept links. From any thread; does not block.
     *
     * @throws java.net.BindException if the address cannot be bound
     */
    public static PeerPort open(PeerSettings settings, InetSocketAddress address, PeerTarget target)
            throws IOException {
        PeerPort port = new PeerPort(settings, address, target);
        port.loop.execute(port::start);
        return port;
    }

    private void start() {
        try {
            if (!closed) listener.start();
        } catch (IOException e) {
            log.error("links from other nodes cannot be accepted", e);
        }
    }

    /** Returns the bound address. From any thread. */
    public InetSocketAddress address() {
        return listener.address();
    }

    /** Returns the number of links from other nodes. From any thread. */
    public int links() {
        return links.count();
    }

    /** Stops accepting links, and ends all links with their visitors. From any thread; does not block. */
    @Override
    public void close() {
        loop.runOrExecute(() -> {
            if (closed) return;
            closed = true;
            listener.close();
            for (Newcomer newcomer : pending.all()) newcomer.opening().fail("the node is closing");
            tasks.close();
            links.close();
        });
    }

    @Override
    public boolean canAccept() {
        return !closed;
    }

    @Override
    public void accepted(SocketChannel channel) {
        Newcomer newcomer;
        try {
            newcomer = new Newcomer((InetSocketAddress) channel.getRemoteAddress());
        } catch (IOException e) {
            log.debug("a link has ended before it began: {}", e.toString());
            Sockets.reset(channel);
            return;
        }
        try {
            newcomer.begin(channel);
        } catch (IOException e) {
            log.debug("link from {}: {}", newcomer, e.toString());
            newcomer.settle();
            Sockets.reset(channel);
        }
    }

    /** A node whose link is not established yet. */
    private final class Newcomer implements PeerOpening.Steps {
        private final InetAddress site;
        private final String address;
        private @Nullable PeerOpening opening;
        private @Nullable PeerName peer; // once TLS is complete

        Newcomer(InetSocketAddress address) {
            site = Sockets.site(address.getAddress());
            this.address = Sockets.text(address);
        }

        void begin(SocketChannel channel) throws IOException {
            // first, because it may fail at once
            Newcomer displaced = pending.add(site, this, MOST_PENDING, MOST_PENDING);
            if (displaced != null) displaced.opening().fail("displaced by another connection");
            opening = PeerOpening.accept(settings.tls(), tasks, loop, channel, this);
        }

        PeerOpening opening() {
            PeerOpening begun = opening;
            if (begun == null) throw new IllegalStateException("not begun");
            return begun;
        }

        /** It is a link now, or has failed. */
        void settle() {
            pending.remove(site, this);
        }

        @Override
        public void secured(PeerName name) {
            peer = name;
        }

        @Override
        public void received(PeerLine line) throws IOException {
            PeerName name = peer;
            if (name == null) return;
            PeerLine.Request request;
            try {
                request = PeerLine.Request.of(line.parse());
            } catch (IOException e) {
                opening().refuse(String.valueOf(e.getMessage()));
                return;
            }
            String reason = refusal(name, request);
            if (reason != null) opening().refuse(reason);
            else begin(name, request);
        }

        private @Nullable String refusal(PeerName name, PeerLine.Request request) {
            String cluster = settings.cluster();
            if (!request.cluster().equals(cluster) || !name.cluster().equals(cluster)) {
                return "this node belongs to the cluster " + cluster + ", the link is for " + request.cluster()
                        + " with the certificate " + name;
            }
            if (!request.node().equals(settings.node())) {
                return "this is the node " + settings.node() + ", the link is for " + request.node();
            }
            if (!request.incarnation().equals(settings.incarnation())) {
                return "the node " + settings.node() + " has restarted since, the link is for its run "
                        + request.incarnation();
            }
            if (name.node().equals(settings.node())) return "the certificate is that of this node itself";
            if (request.loop() < settings.loops().size()) return null;
            return "the node has " + settings.loops().size() + " loops, the link is for loop " + request.loop();
        }

        private void begin(PeerName name, PeerLine.Request request) throws IOException {
            opening().send((PeerLine.OK + "\n").getBytes(StandardCharsets.US_ASCII));
            TlsWire wire = opening().take();
            settle();
            Loop serving = settings.loops().get(request.loop());
            if (serving != loop) loop.deregister(wire.channel());
            log.info("link from node {} at {} established", name.node(), address);
            serving.runOrExecute(() -> links.start(name.node(), serving, wire, target));
        }

        @Override
        public void failed(String why) {
            settle();
            String from = peer == null ? address : peer.node() + " at " + address;
            if (!closed) refused.log("link from {} refused: {}", from, why);
        }

        @Override
        public String toString() {
            return address;
        }
    }
}
