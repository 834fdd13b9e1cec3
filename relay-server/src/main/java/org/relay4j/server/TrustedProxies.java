package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the headers in which load balancers state the address of a client or visitor. A connection from a trusted address must
 * begin with a header of version 1 or 2 of the PROXY protocol. Safe for use by several threads.
 */
final class TrustedProxies {
    /** Maximum number of connections whose header is incomplete. Each has a buffer of 4 KiB. */
    static final int MOST_READING = 1_024;

    private static final Logger log = LoggerFactory.getLogger(TrustedProxies.class);

    private final RelayServer server;
    private final AddressFilter trusted;
    private final AtomicInteger reading = new AtomicInteger();

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

    TrustedProxies(RelayServer server, RelayServerOptions options) {
        this.server = server;
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
        if (reading.incrementAndGet() > MOST_READING) {
            reading.decrementAndGet();
            refuse(channel, proxy, "the headers of " + MOST_READING + " other connections are incomplete");
            next.ended();
            return;
        }
        Reading header = new Reading(loop, channel, proxy, next);
        try {
            loop.register(channel, SelectionKey.OP_READ, header);
        } catch (IOException e) {
            header.abandon(e);
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
        private final SocketChannel channel;
        private final InetSocketAddress proxy;
        private final Next next;
        private final Loop.Timer timer;
        private @Nullable ProxyHeaderReader reader = ProxyHeaderReader.ofLoadBalancer(); // until it is over

        Reading(Loop loop, SocketChannel channel, InetSocketAddress proxy, Next next) {
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
            if (from != null) next.accepted(channel, from, header);
            else close("is a health check");
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
            reading.decrementAndGet();
        }

        @Override
        public String toString() {
            return "connection of load balancer " + Sockets.text(proxy);
        }
    }
}
