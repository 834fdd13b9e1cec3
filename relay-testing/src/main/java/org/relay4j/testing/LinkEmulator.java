package org.relay4j.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An emulated long link between real sockets: a TCP proxy on loopback that forwards bytes at the rate and with the
 * delay of its settings. One thread serves all connections; each connection has its own link.
 *
 * <p>It emulates rate, delay, jitter, the queue in front of the link and back-pressure on the sender's socket when that
 * queue is full. It does not emulate loss, reordering or congestion control. A sender does not have to probe for the
 * rate: its first bytes leave immediately. To compare with TCP slow start, a test must wait for as long as slow start
 * would take. The delay of the TCP handshake is not emulated either.
 *
 * <p>Its own sockets have fixed buffers of a few milliseconds, so that hardly any bytes queue outside the configured
 * buffer. Only the kernel resizes the send buffer of the sender, as on a real link.
 */
public final class LinkEmulator implements AutoCloseable {
    private static final int SOCKET_BUFFER =
            256 * 1024; // bytes; TCP is slow with a buffer below a few loopback segments

    private final LinkSettings settings;
    private final int target;
    private final Selector selector = Selector.open();
    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final SelectionKey accepting;
    private final int port;
    private final List<Connection> connections = new ArrayList<>(); // own thread only
    private final AtomicInteger mostHeld = new AtomicInteger();
    private final Thread thread;
    private volatile boolean closing;
    private volatile boolean cut;
    private volatile @Nullable Throwable failure;

    private record Connection(SelectionKey client, SelectionKey server, LinkDirection there, LinkDirection back) {}

    private LinkEmulator(LinkSettings settings, int target) throws IOException {
        this.settings = settings;
        this.target = target;
        // Set before any connection: the window scale is fixed at the handshake.
        listener.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
        listener.configureBlocking(false);
        accepting = listener.register(selector, SelectionKey.OP_ACCEPT);
        thread = new Thread(this::run, "relay-test-link");
        thread.setDaemon(true);
    }

    /** Starts a link to a port of this machine. */
    public static LinkEmulator start(LinkSettings settings, int target) throws IOException {
        LinkEmulator link = new LinkEmulator(settings, target);
        link.thread.start();
        return link;
    }

    /** Returns the port of the near end. */
    public int port() {
        return port;
    }

    /** Returns the maximum number of bytes that one direction of a connection has buffered so far. */
    public int mostHeld() {
        return mostHeld.get();
    }

    /** Stops forwarding silently: until {@link #mend}, not even the end of a connection passes. */
    public void cut() {
        cut = true;
        selector.wakeup();
    }

    /** Forwards again, first what has arrived since {@link #cut}. */
    public void mend() {
        cut = false;
        selector.wakeup();
    }

    /** Resets all connections, and ends the thread. */
    @Override
    public void close() throws IOException {
        closing = true;
        selector.wakeup();
        Await.until("the link has ended", () -> !thread.isAlive());
        Throwable cause = failure;
        if (cause != null) throw new IOException("the link has failed", cause);
    }

    private void run() {
        try (selector;
                listener) {
            while (!closing) {
                await();
                if (cut) continue;
                accepting.interestOps(SelectionKey.OP_ACCEPT); // not while it was cut
                long now = System.nanoTime();
                connections.removeIf(connection -> !moves(connection, now));
                accept(now);
            }
        } catch (IOException | RuntimeException | Error e) {
            if (!(e instanceof ClosedSelectorException)) failure = e;
        } finally {
            connections.forEach(LinkEmulator::reset);
        }
    }

    private void await() throws IOException {
        long next = Long.MAX_VALUE;
        for (Connection connection : connections) {
            next = Math.min(next, Math.min(connection.there.next(), connection.back.next()));
        }
        long wait = next == Long.MAX_VALUE ? next : next - System.nanoTime();
        selector.selectedKeys().clear();
        if (cut) {
            for (SelectionKey key : selector.keys()) if (key.isValid()) key.interestOps(0);
            selector.select();
        } else if (next == Long.MAX_VALUE) selector.select();
        else if (wait <= 0) selector.selectNow();
        else selector.select((wait + 999_999) / 1_000_000); // a selector cannot wait for less than a millisecond
    }

    /** Moves bytes in both directions; false if the connection has ended. */
    private boolean moves(Connection connection, long now) {
        LinkDirection there = connection.there;
        LinkDirection back = connection.back;
        boolean whole = there.move(now) && back.move(now);
        mostHeld.accumulateAndGet(Math.max(there.mostHeld(), back.mostHeld()), Math::max);
        if (!whole) reset(connection);
        else if (there.isEnded() && back.isEnded()) finish(connection);
        else return true;
        return false;
    }

    private void accept(long now) throws IOException {
        for (SocketChannel client; (client = listener.accept()) != null; ) {
            SocketChannel server = SocketChannel.open();
            try {
                server.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER);
                server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
            } catch (IOException e) {
                LinkDirection.reset(client);
                server.close();
                continue;
            }
            SelectionKey near = register(client);
            SelectionKey far = register(server);
            LinkDirection there = new LinkDirection(settings, near, far, now, settings.seed());
            LinkDirection back = new LinkDirection(settings, far, near, now, settings.seed() + 1);
            connections.add(new Connection(near, far, there, back));
        }
    }

    private SelectionKey register(SocketChannel channel) throws IOException {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        return channel.register(selector, SelectionKey.OP_READ);
    }

    private static void finish(Connection connection) {
        try {
            connection.client.channel().close();
            connection.server.channel().close();
        } catch (IOException e) {
            reset(connection);
        }
    }

    private static void reset(Connection connection) {
        LinkDirection.reset((SocketChannel) connection.client.channel());
        LinkDirection.reset((SocketChannel) connection.server.channel());
    }
}
