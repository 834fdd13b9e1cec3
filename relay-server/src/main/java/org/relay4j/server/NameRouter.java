package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.PlainWire;

/** The host names of a server, and the two ports at which visitors reach them. Safe for use by several threads. */
final class NameRouter {
    /** Maximum number of names. */
    static final int MOST = 10_000;

    /** Maximum number of bytes that were read from visitors who wait for a connection, a little more at times. */
    static final long MOST_KEPT = 64 << 20;

    /** What a visitor counts for whose TLS ends here: the most that was read from it, encrypted. Unit: bytes. */
    static final int TLS_COST = 64 << 10;

    /** Default port of HTTPS. */
    static final int HTTPS = 443;

    private final RelayServer server;
    private final Loop loop; // of both ports
    private final @Nullable NamePort https;
    private final @Nullable NamePort http;
    private final ReentrantLock lock = OrderedLock.leaf("the names");
    private final Map<String, PublicName> names = new ConcurrentHashMap<>(); // additions are guarded by lock

    private final NamedVisitors visitors = new NamedVisitors(); // on the loop
    private final AtomicLong kept = new AtomicLong(); // bytes

    private NameRouter(RelayServer server, Loop loop) throws IOException {
        this.server = server;
        this.loop = loop;
        RelayServerOptions options = server.options();
        https = open(options, options.httpsPort(), true);
        boolean opened = false;
        try {
            http = open(options, options.httpPort(), false);
            opened = true;
        } finally {
            if (!opened && https != null) https.close();
        }
    }

    /**
     * Binds the ports that the options have.
     *
     * @throws BindException if one cannot be bound; the message names it and the remedy
     */
    static NameRouter open(RelayServer server, Loop loop) throws IOException {
        return new NameRouter(server, loop);
    }

    private @Nullable NamePort open(RelayServerOptions options, @Nullable Integer number, boolean tls)
            throws IOException {
        if (number == null) return null;
        InetAddress bound = options.publicBindAddress();
        InetSocketAddress address = new InetSocketAddress(bound, number);
        try {
            return new NamePort(server, this, loop, address, tls);
        } catch (BindException e) {
            throw Binding.failure(tls ? "HTTPS" : "HTTP", address, e);
        }
    }

    /** Starts to accept visitors. On the loop. */
    void start() throws IOException {
        if (https != null) https.start();
        if (http != null) http.start();
    }

    /** Closes the ports. Visitors whose name is unknown so far end with the loop. From any thread. */
    void close() {
        if (https != null) https.close();
        if (http != null) http.close();
    }

    Loop loop() {
        return loop;
    }

    /** Returns the visitors whose endpoint is not known yet. On the loop. */
    NamedVisitors visitors() {
        return visitors;
    }

    /** Returns the address of the HTTPS port; null if there is none. */
    @Nullable
    InetSocketAddress httpsAddress() {
        return https == null ? null : https.address();
    }

    /** Returns the address of the HTTP port; null if there is none. */
    @Nullable
    InetSocketAddress httpAddress() {
        return http == null ? null : http.address();
    }

    /** Returns where HTTPS requests with a name go, such as {@code https://app.example.com:8443}; without a port if it is 443. */
    String secure(String name) {
        InetSocketAddress address = httpsAddress();
        int port = address == null ? HTTPS : address.getPort();
        return "https://" + name + (port == HTTPS ? "" : ":" + port);
    }

    /** Returns the port at which visitors reach a name: the one of HTTPS if there is one. */
    int port() {
        InetSocketAddress address = https == null ? httpAddress() : httpsAddress();
        if (address == null) throw new IllegalStateException("there is no name without a port");
        return address.getPort();
    }

    /**
     * Adds a name.
     *
     * @throws BindException if it is in use, there is no room for it, or this server has no port for names
     */
    void add(PublicName added) throws BindException {
        String name = added.endpoint().name();
        if (https == null && http == null) {
            throw new BindException(
                    "this server has no port for host names; it needs the option https-port or http-port");
        }
        ServerTls tls = server.options().tls();
        if (tls != null && tls.hasName(name)) throw new BindException("it is the name of the relay server itself");
        lock.lock();
        try {
            if (names.containsKey(name)) throw new BindException("another client has it");
            if (names.size() >= MOST) throw new BindException("the server has " + MOST + " host names");
            names.put(name, added);
        } finally {
            lock.unlock();
        }
    }

    /** Counts the bytes that were read from a visitor, while it waits for a connection. */
    void keep(Arrival visitor) {
        kept.addAndGet(cost(visitor));
    }

    /** The visitor waits no longer. */
    void release(Arrival visitor) {
        kept.addAndGet(-cost(visitor));
    }

    private static long cost(Arrival visitor) {
        ByteBuffer read = visitor.read();
        long bytes = read == null ? 0 : read.capacity();
        return visitor.wire() instanceof PlainWire ? bytes : bytes + TLS_COST;
    }

    /** Returns whether waiting visitors have as many bytes as they may. */
    boolean isFull() {
        return kept.get() >= MOST_KEPT;
    }

    /** Removes a name. Has no effect if it belongs to another endpoint. */
    void remove(PublicName removed) {
        names.remove(removed.endpoint().name(), removed);
    }

    /**
     * Returns the endpoint with exactly this name, in lower case; null if there is none, its client has withdrawn it, or the visitor has
     * come after it began to close.
     *
     * @param visitor number of the visitor, see {@link NamedVisitors}
     */
    @Nullable
    PublicName find(String name, long visitor) {
        PublicName found = names.get(name);
        return found == null || !found.isOpenFor(visitor) ? null : found;
    }
}
