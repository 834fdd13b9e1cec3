package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the headers in which load balancers state the address of a client or visitor. A connection from a trusted address must
 * begin with a header of version 1 or 2 of the PROXY protocol. Clients and visitors each have an object of their own, so that a
 * flood of the ones does not cost the others. Safe for use by several threads.
 */
final class TrustedProxies {
    /*
     * A stranger behind a load balancer that sends the header late can cause any number of incomplete headers. A load balancer that
     * works sends it with its first packet, so beyond the bound the oldest connection gives way.
     */

    /** Maximum number of clients whose header is incomplete. Each has a buffer of 4 KiB. */
    static final int MOST_CLIENTS = 256;

    /** The same for the visitors of all public ports. */
    static final int MOST_VISITORS = 1_024;

    private static final Logger log = LoggerFactory.getLogger(TrustedProxies.class);

    private final RelayServer server;
    private final AddressFilter trusted;
    private final int most;
    private final ReentrantLock lock = OrderedLock.leaf("headers of load balancers");
    private final Set<Reading> incomplete = new LinkedHashSet<>(); // the oldest is first; guarded by lock

    /** Receives a connection whose header is complete. */
    interface Next {
        /**
         * Called on the loop that has read the header. The channel is still registered with it.
         *
         * @param from the source address of the header
         */
        void accepted(SocketChannel channel, InetSocketAddress from, ProxyHeader header);

        /** Called on that loop instead, when the connection has ended. */
        default void ended() {}
    }

    /** @param most maximum number of connections whose header is incomplete */
    TrustedProxies(RelayServer server, RelayServerOptions options, int most) {
        this.server = server;
        this.most = most;
        trusted = options.trustedProxies();
    }

    /** Returns true if connections from this address must begin with a header. */
    boolean contains(InetAddress address) {
        return !trusted.isOff() && trusted.allows(address);
    }

    /**
     * Reads the header of a configured connection, for at most the handshake timeout. A connection without a usable header is
     * reset. A health check, whose header has no address or which ends before its first byte, is closed. On {@code loop}.
     */
    void read(Loop loop, SocketChannel channel, InetSocketAddress proxy, Next next) {
        Reading header = new Reading(loop, channel, proxy, next);
        Reading oldest = add(header);
        if (oldest != null) oldest.giveWay();
        try {
            loop.register(channel, SelectionKey.OP_READ, header);
        } catch (IOException e) {
            header.abandon(e);
        }
    }

    /** Returns the connection that must give way; null if none must. */
    private @Nullable Reading add(Reading header) {
        lock.lock();
        try {
            incomplete.add(header);
            if (incomplete.size() <= most) return null;
            Reading oldest = incomplete.iterator().next();
            incomplete.remove(oldest);
            return oldest;
        } finally {
            lock.unlock();
        }
    }

    private void remove(Reading header) {
        lock.lock();
        try {
            incomplete.remove(header);
        } finally {
            lock.unlock();
        }
    }

    private void refuse(SocketChannel channel, InetSocketAddress proxy, String why) {
        Sockets.reset(channel);
        server.refused(
                Refusal.PROXY_HEADER,
                proxy,
                "relay server: connection of load balancer {} refused: {}",
                Sockets.text(proxy),
                why);
    }

    /** One connection. On its loop. */
    private final class Reading implements Loop.Handler {
        private final Loop loop;
        private final SocketChannel channel;
        private final InetSocketAddress proxy;
        private final Next next;
        private final Loop.Timer timer;
        private @Nullable ProxyHeaderReader reader = ProxyHeaderReader.ofLoadBalancer(); // until it is over

        Reading(Loop loop, SocketChannel channel, InetSocketAddress proxy, Next next) {
            this.loop = loop;
            this.channel = channel;
            this.proxy = proxy;
            this.next = next;
            long timeout = server.options().handshakeTimeout().toNanos();
            timer = loop.schedule(timeout, () -> fail("its PROXY protocol header was not complete in time"));
        }

        @Override
        public void ready(SelectionKey key) {
            ProxyHeaderReader current = reader;
            if (current == null) {
                key.interestOps(0);
                return;
            }
            ProxyHeader header;
            try {
                header = read(current);
            } catch (IllegalArgumentException e) {
                fail(String.valueOf(e.getMessage()));
                return;
            } catch (IOException e) {
                ended(current, e);
                return;
            }
            if (header == null) return;
            key.interestOps(0);
            end();
            InetSocketAddress from = header.source();
            if (from == null) close("is a health check");
            else pass(from, header);
        }

        private void pass(InetSocketAddress from, ProxyHeader header) {
            boolean accepted = false;
            try {
                next.accepted(channel, from, header);
                accepted = true;
            } finally {
                if (!accepted) Sockets.reset(channel);
            }
        }

        /** From any thread. */
        void giveWay() {
            loop.execute(
                    () -> fail("its PROXY protocol header is incomplete, and so are those of " + most + " newer ones"));
        }

        /** Reads what has arrived. Returns null if the header is incomplete. */
        private @Nullable ProxyHeader read(ProxyHeaderReader current) throws IOException {
            while (true) {
                ByteBuffer room = current.room();
                int length = channel.read(room);
                if (length < 0) throw new IOException("closed");
                if (length == 0) return null;
                ProxyHeader header = current.header();
                if (header != null) return header;
            }
        }

        private void ended(ProxyHeaderReader current, IOException failure) {
            if (current.room().position() > 0) {
                fail("it ended before its PROXY protocol header was complete");
                return;
            }
            end();
            close("was a health check: " + failure.getMessage());
        }

        private void close(String why) {
            log.debug("relay server: connection of load balancer {} {}", Sockets.text(proxy), why);
            Sockets.close(channel);
            next.ended();
        }

        @Override
        public void abandon(Throwable cause) {
            if (reader == null) return;
            end();
            Sockets.reset(channel);
            next.ended();
        }

        private void fail(String why) {
            if (reader == null) return;
            end();
            refuse(channel, proxy, why);
            next.ended();
        }

        /** Later calls have no effect. */
        private void end() {
            if (reader == null) return;
            reader = null;
            timer.cancel();
            remove(this);
        }

        @Override
        public String toString() {
            return "connection of load balancer " + Sockets.text(proxy);
        }
    }
}
