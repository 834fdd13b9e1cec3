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

/** Connects to the first address of a host that answers. Blocks its thread, which may be interrupted. */
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
     * Resolves the host, and connects.
     *
     * @param preferred the address to try first, if the host still has it; null for none
     * @param again whether to try addresses that do not answer again and again until the timeout
     * @return connected and non-blocking
     * @throws RelayUnreachableException if the host is unknown, or no address answers in time
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    static SocketChannel connect(
            String host, int port, @Nullable InetAddress preferred, Duration timeout, boolean again)
            throws IOException {
        return connect(host, port, preferring(preferred, resolve(host)), timeout, again);
    }

    /** Does the same, but tries one address last. */
    static SocketChannel connectAvoiding(String host, int port, InetAddress avoided, Duration timeout)
            throws IOException {
        return connect(host, port, avoiding(avoided, resolve(host)), timeout, false);
    }

    /** Connects to a proxy, whose name is resolved now. */
    static SocketChannel connectToProxy(InetSocketAddress proxy, Duration timeout, boolean again) throws IOException {
        String host = proxy.getHostString();
        List<InetSocketAddress> targets = resolve(host).stream()
                .map(address -> new InetSocketAddress(address, proxy.getPort()))
                .toList();
        return connect(targets, "the proxy " + HostPort.text(proxy), timeout, again);
    }

    private static List<InetAddress> resolve(String host) throws RelayUnreachableException {
        try {
            return order(InetAddress.getAllByName(host));
        } catch (UnknownHostException e) {
            throw new RelayUnreachableException("unknown host " + host, e);
        }
    }

    private static SocketChannel connect(
            String host, int port, List<InetAddress> addresses, Duration timeout, boolean again) throws IOException {
        List<InetSocketAddress> targets = addresses.stream()
                .map(address -> new InetSocketAddress(address, port))
                .toList();
        return connect(targets, Sockets.text(host, port), timeout, again);
    }

    /** Connects to one of several addresses, which are tried in this order. */
    static SocketChannel connect(List<InetSocketAddress> addresses, String server, Duration timeout, boolean again)
            throws IOException {
        try (Selector selector = Selector.open()) {
            Dial dial = new Dial(addresses, selector, again);
            SocketChannel connected = null;
            try {
                connected = dial.firstConnected(server, timeout);
                return connected;
            } finally {
                for (SocketChannel channel : dial.opened) if (!channel.equals(connected)) Sockets.close(channel);
            }
        }
    }

    /** Moves the preferred address to the front, as the resolver has it: with its scope, which does not count for equality. */
    static List<InetAddress> preferring(@Nullable InetAddress preferred, List<InetAddress> ordered) {
        int at = preferred == null ? -1 : ordered.indexOf(preferred);
        if (at > 0) ordered.add(0, ordered.remove(at));
        return ordered;
    }

    /** Moves the avoided address to the end. */
    static List<InetAddress> avoiding(InetAddress avoided, List<InetAddress> ordered) {
        int at = ordered.indexOf(avoided);
        if (at >= 0) ordered.add(ordered.remove(at));
        return ordered;
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

    private SocketChannel firstConnected(String server, Duration timeout) throws IOException {
        long deadline = nextStart + timeout.toNanos();
        while (true) {
            if (Thread.currentThread().isInterrupted()) throw interrupted();
            long now = System.nanoTime();
            if (now - deadline >= 0) throw unreachable(server, "no answer within " + seconds(timeout));
            SocketChannel connected = null;
            if (!untried.isEmpty() && now - nextStart >= 0) connected = begin(untried.remove());
            else if (pending > 0) connected = await((untried.isEmpty() ? deadline : nextStart) - now, deadline - now);
            else throw unreachable(server, failure == null ? "it has no address" : text(failure));
            if (connected != null) return connected;
        }
    }

    /** Starts a connect. Returns the channel if it is connected at once. */
    private @Nullable SocketChannel begin(InetSocketAddress address) throws IOException {
        if (again) log.debug("connecting to {}", HostPort.text(address));
        SocketChannel channel = SocketChannel.open();
        opened.add(channel);
        try {
            channel.configureBlocking(false);
            if (channel.connect(address)) return channel;
            channel.register(selector, SelectionKey.OP_CONNECT, address);
            pending++;
            nextStart = System.nanoTime() + STAGGER.toNanos();
            if (again) untried.add(address);
        } catch (IOException e) {
            failed(channel, e);
        }
        return null;
    }

    private @Nullable SocketChannel await(long nanos, long most) throws IOException {
        selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(Math.min(nanos, most))));
        for (SelectionKey key : selector.selectedKeys()) {
            SocketChannel channel = (SocketChannel) key.channel();
            try {
                if (channel.finishConnect()) return channel;
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
