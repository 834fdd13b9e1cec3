package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.names.OpeningReader;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Pending;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A port at which visitors reach the services with host names: HTTPS, or plain HTTP. On its loop. */
final class NamePort implements Listener.Owner {
    /**
     * Maximum number of visitors whose name is not known yet, as a multiple of the limit of pending clients: visitors are more, and
     * a browser opens connections that it does not use at once.
     */
    static final int VISITORS_PER_CLIENT = 4;

    private static final Logger log = LoggerFactory.getLogger(NamePort.class);

    private final RelayServer server;
    private final NameRouter router;
    private final Loop loop;
    private final boolean tls;
    private final Listener listener;
    private final Pending<NamedVisitor> pending = new Pending<>();

    NamePort(RelayServer server, NameRouter router, Loop loop, InetSocketAddress address, boolean tls)
            throws IOException {
        this.server = server;
        this.router = router;
        this.loop = loop;
        this.tls = tls;
        listener = Listener.open(loop, address, this);
    }

    void start() throws IOException {
        listener.start();
    }

    /** From any thread. */
    void close() {
        listener.close();
    }

    InetSocketAddress address() {
        return listener.address();
    }

    RelayServer server() {
        return server;
    }

    NameRouter router() {
        return router;
    }

    Loop loop() {
        return loop;
    }

    /** Returns whether visitors speak TLS here. */
    boolean isTls() {
        return tls;
    }

    OpeningReader reader() {
        return tls ? OpeningReader.ofTls() : OpeningReader.ofHttp();
    }

    @Override
    public boolean canAccept() {
        return true;
    }

    @Override
    public void accepted(SocketChannel channel) {
        try {
            Sockets.configure(channel);
            InetSocketAddress from = (InetSocketAddress) channel.getRemoteAddress();
            if (server.proxies().contains(from.getAddress())) {
                server.proxies().read(loop, channel, from, this::begin);
            } else begin(channel, from, null);
        } catch (IOException e) {
            log.debug("a visitor has disconnected: {}", e.toString());
            Sockets.close(channel);
        }
    }

    private void begin(SocketChannel channel, InetSocketAddress from, @Nullable ProxyHeader proxied) {
        if (!server.options().visitorFilter().allows(from.getAddress())) {
            server.refused(
                    Refusal.VISITOR_ADDRESS,
                    from,
                    "relay server: visitor {} refused, its address is not allowed",
                    Sockets.text(from));
            Sockets.reset(channel);
            return;
        }
        NamedVisitor visitor = new NamedVisitor(this, channel, from, proxied);
        boolean begun = false;
        try {
            add(visitor, from);
            visitor.begin();
            begun = true;
        } finally {
            if (!begun) visitor.drop(); // else it would stay pending
        }
    }

    private void add(NamedVisitor visitor, InetSocketAddress from) {
        RelayServerOptions options = server.options();
        InetAddress site = Sockets.site(from.getAddress());
        int mostOfAddress = options.maxPendingPerAddress();
        boolean crowded = pending.isFull(site, mostOfAddress);
        NamedVisitor displaced = pending.add(site, visitor, mostOfAddress, mostPending());
        if (crowded) server.security().visitor(SecurityEvent.LIMIT_REACHED, from);
        if (displaced != null) displaced.giveWay();
    }

    /** Returns the maximum number of visitors whose name is not known yet. */
    int mostPending() {
        return VISITORS_PER_CLIENT * server.options().maxPending();
    }

    /** The name of a visitor is known, or it has left. */
    void settled(NamedVisitor visitor, InetSocketAddress from) {
        pending.remove(Sockets.site(from.getAddress()), visitor);
    }
}
