package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connects to the first of several addresses that answers. Blocks its thread, which may be interrupted. */
final class Dial {
    /*
     * Happy Eyeballs (RFC 8305): the addresses are tried in the resolver's order, but with the families alternating. The next
     * one starts when the last one has failed, or has not answered for 250 ms. Connects in progress continue, and the first
     * that succeeds wins. One timeout covers all of them.
     *
     * While visitors wait, an address that has not answered for 250 ms is tried again beside the connect in progress, whose next
     * packet the kernel sends only after 1, 3 and 7 s: a network that is back is noticed as soon as it is.
     */
    private static final Logger log = LoggerFactory.getLogger(Dial.class);

    static final Duration STAGGER = Duration.ofMillis(250);

    /** The number of addresses of a host that are tried; further ones are ignored. */
    static final int MOST_ADDRESSES = 16;

    private final Queue<InetSocketAddress> untried;
    private final List<SocketChannel> opened = new ArrayList<>();
    private final Selector selector;
    private final boolean again; // addresses that do not answer are tried again
    private int pending; // connects in progress
    private long nextStart; // ns of System.nanoTime
    private @Nullable IOException failure; // the last one

    private Dial(List<InetSocketAddress> addresses, Selector selector, boolean again) {
        untried = new ArrayDeque<>(addresses);
        this.selector = selector;
        this.again = again;
        nextStart = System.nanoTime();
    }

    /**
     * A connection.
     *
     * @param channel connected and non-blocking
     * @param target the address that has answered, as it was given
     */
    record Dialed(SocketChannel channel, InetSocketAddress target) {}

    /** Connects to a proxy, whose name is resolved now. */
    static SocketChannel connectToProxy(InetSocketAddress proxy, Duration timeout, boolean again) throws IOException {
        List<InetSocketAddress> targets = resolve(proxy.getHostString(), proxy.getPort());
        return connect(targets, "the proxy " + HostPort.text(proxy), timeout, again)
                .channel();
    }

    /** Resolves a host now. Each address has the host as its name, as the caller has written it. */
    static List<InetSocketAddress> resolve(String host, int port) throws RelayUnreachableException {
        try {
            List<InetSocketAddress> resolved = new ArrayList<>();
            for (InetAddress address : order(InetAddress.getAllByName(host)))
                resolved.add(new InetSocketAddress(ControlConnection.named(host, address), port));
            return resolved;
        } catch (UnknownHostException e) {
            throw new RelayUnreachableException("unknown host " + host, e);
        }
    }

    /**
     * Connects to one of several addresses, which are tried in this order.
     *
     * @param addresses resolved
     * @param server what they lead to, for messages
     * @param again whether to try addresses that do not answer again and again until the timeout
     * @throws RelayUnreachableException if no address answers in time
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    static Dialed connect(List<InetSocketAddress> addresses, String server, Duration timeout, boolean again)
            throws IOException {
        try (Selector selector = Selector.open()) {
            Dial dial = new Dial(addresses, selector, again);
            Dialed connected = null;
            try {
                connected = dial.firstConnected(server, timeout);
                return connected;
            } finally {
                SocketChannel used = connected == null ? null : connected.channel();
                for (SocketChannel channel : dial.opened) if (!channel.equals(used)) Sockets.close(channel);
            }
        }
    }

    /** Alternates the address families, beginning with that of the first address. */
    static List<InetAddress> order(InetAddress[] addresses) {
        Queue<InetAddress> first = new ArrayDeque<>();
        Queue<InetAddress> second = new ArrayDeque<>();
        boolean firstIs4 = addresses[0] instanceof Inet4Address;
        for (InetAddress address : addresses) {
            (address instanceof Inet4Address == firstIs4 ? first : second).add(address);
        }
        List<InetAddress> ordered = new ArrayList<>();
        while (ordered.size() < Math.min(addresses.length, MOST_ADDRESSES)) {
            InetAddress next = (ordered.size() % 2 == 0 && !first.isEmpty()) || second.isEmpty()
                    ? first.remove()
                    : second.remove();
            ordered.add(next);
        }
        return ordered;
    }

    private Dialed firstConnected(String server, Duration timeout) throws IOException {
        long deadline = nextStart + timeout.toNanos();
        while (true) {
            if (Thread.currentThread().isInterrupted()) throw interrupted();
            long now = System.nanoTime();
            if (now - deadline >= 0) throw unreachable(server, "no answer within " + seconds(timeout));
            Dialed connected = null;
            if (!untried.isEmpty() && now - nextStart >= 0) connected = begin(untried.remove());
            else if (pending > 0) connected = await((untried.isEmpty() ? deadline : nextStart) - now, deadline - now);
            else throw unreachable(server, failure == null ? "it has no address" : text(failure));
            if (connected != null) return connected;
        }
    }

    /** Starts a connect. Returns the connection if there is one at once. */
    private @Nullable Dialed begin(InetSocketAddress address) throws IOException {
        if (again) log.debug("connecting to {}", HostPort.text(address));
        SocketChannel channel = SocketChannel.open();
        opened.add(channel);
        try {
            channel.configureBlocking(false);
            if (channel.connect(address)) return new Dialed(channel, address);
            channel.register(selector, SelectionKey.OP_CONNECT, address);
            pending++;
            nextStart = System.nanoTime() + STAGGER.toNanos();
            if (again) untried.add(address);
        } catch (IOException e) {
            failed(channel, e);
        }
        return null;
    }

    private @Nullable Dialed await(long nanos, long most) throws IOException {
        selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(Math.min(nanos, most))));
        for (SelectionKey key : selector.selectedKeys()) {
            SocketChannel channel = (SocketChannel) key.channel();
            try {
                if (channel.finishConnect()) return new Dialed(channel, (InetSocketAddress) key.attachment());
            } catch (IOException e) {
                pending--;
                untried.remove(key.attachment()); // it has answered
                failed(channel, e);
            }
        }
        selector.selectedKeys().clear();
        return null;
    }

    private void failed(SocketChannel channel, IOException why) {
        failure = why;
        opened.remove(channel);
        Sockets.close(channel);
        nextStart = System.nanoTime();
    }

    private RelayUnreachableException unreachable(String server, String why) {
        return new RelayUnreachableException("cannot connect to " + server + ": " + why, failure);
    }

    static InterruptedIOException interrupted() {
        return new InterruptedIOException("interrupted while connecting");
    }

    static String seconds(Duration timeout) {
        return timeout.toMillis() / 1000.0 + " s";
    }

    static String text(IOException error) {
        String message = error.getMessage();
        return message == null ? error.getClass().getSimpleName() : message;
    }
}
