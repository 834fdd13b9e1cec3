package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.testing.Await;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.BufferSource;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;

/**
 * A session on a loop of its own whose streams are spliced with sockets: either with connections to its port, or with
 * connections to a service.
 */
final class SplicedSession implements SessionEvents, Listener.Owner, Splice.Owner, AutoCloseable {
    final LoopDriver driver;
    final List<String> ends = new CopyOnWriteArrayList<>(); // of splices: "clean", or the failure
    final CompletableFuture<Cause> end = new CompletableFuture<>();
    private final Loop loop;
    volatile byte @Nullable [] first; // sent before the bytes of each visitor
    private final @Nullable InetSocketAddress service;
    private final @Nullable Listener listener;

    private SplicedSession(
            Wire tunnel, Role role, SessionOptions options, BufferSource memory, @Nullable InetSocketAddress service)
            throws Exception {
        this.service = service;
        loop = new Loop("relay-test-" + role, true);
        Sockets.configure(tunnel.channel());
        CoreOptions core = SessionInternals.options(options);
        driver = new LoopDriver(loop, tunnel, core, true, new Multiplexer(role, core, memory, this, System.nanoTime()));
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        listener = service == null ? Listener.open(loop, anyPort, this) : null;
        onLoop(() -> {
            driver.start();
            if (listener != null) listener.start();
        });
    }

    /** Opens a stream for each visitor of {@link #port}. */
    static SplicedSession forVisitors(SocketChannel tunnel, SessionOptions options) throws Exception {
        return forVisitors(tunnel, options, BufferPool.shared());
    }

    static SplicedSession forVisitors(SocketChannel tunnel, SessionOptions options, BufferSource memory)
            throws Exception {
        return new SplicedSession(new PlainWire(tunnel), Role.CLIENT, options, memory, null);
    }

    static SplicedSession forVisitors(Wire tunnel, SessionOptions options) throws Exception {
        return new SplicedSession(tunnel, Role.CLIENT, options, BufferPool.shared(), null);
    }

    /** Connects to {@code service} for each stream of the peer. */
    static SplicedSession forService(SocketChannel tunnel, InetSocketAddress service, SessionOptions options)
            throws Exception {
        return forService(new PlainWire(tunnel), service, options);
    }

    static SplicedSession forService(Wire tunnel, InetSocketAddress service, SessionOptions options) throws Exception {
        return new SplicedSession(tunnel, Role.SERVER, options, BufferPool.shared(), service);
    }

    int port() {
        return listener == null ? -1 : listener.address().getPort();
    }

    int streams() {
        driver.lock.lock();
        try {
            return driver.mux().streamCount();
        } finally {
            driver.lock.unlock();
        }
    }

    void awaitEnds(String... expected) {
        Await.until(() -> "ends " + List.of(expected) + ", so far " + ends, () -> ends.equals(List.of(expected)));
    }

    /** Something to be done on the loop. */
    interface Action {
        void run() throws IOException;
    }

    /** Waits until it is done. */
    void onLoop(Action action) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                action.run();
                done.complete(null);
            } catch (IOException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        done.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Joins a connection that no port has accepted with a new stream. */
    void open(Wire wire, byte @Nullable [] preamble, @Nullable ByteBuffer read) throws Exception {
        onLoop(() -> {
            driver.lock.lock();
            try {
                Splice.open(driver, wire, this, preamble, read);
            } finally {
                driver.lock.unlock();
            }
        });
    }

    void stopLoop() {
        loop.stop();
    }

    @Override
    public void close() {
        loop.execute(driver::close);
        Await.until("the session is terminated, or its loop", () -> driver.awaitTermination(1_000_000) || loop.join(1));
        loop.stop();
        Await.until("the loop has ended", () -> loop.join(Await.DEADLINE.toMillis()));
    }

    // ---- as the server and the forwarder do it

    @Override
    public boolean canAccept() {
        driver.lock.lock();
        try {
            boolean ready = driver.mux().openState() == OpenState.READY;
            if (!ready) driver.mux().awaitOpenable();
            return ready;
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void accepted(SocketChannel channel) {
        driver.lock.lock();
        try {
            Sockets.configure(channel);
            Splice.open(driver, channel, this, first);
        } catch (IOException e) {
            Sockets.reset(channel);
            ends.add("not begun: " + e.getMessage());
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        if (service == null) return null;
        SocketChannel channel = null;
        try {
            channel = SocketChannel.open();
            Sockets.configure(channel);
            channel.connect(service);
            return Splice.accept(driver, stream, channel, this, null);
        } catch (IOException e) {
            if (channel != null) Sockets.close(channel);
            ends.add("not begun: " + e.getMessage());
            return null;
        }
    }

    @Override
    public void ended(Splice splice, @Nullable Throwable failure) {
        assertTrue(driver.lock.isHeldByCurrentThread());
        ends.add(failure == null ? "clean" : String.valueOf(failure.getMessage()));
    }

    @Override
    public void onOpenable() {
        if (listener != null) listener.resume();
    }

    @Override
    public void onPong(long roundTrip) {}

    @Override
    public void onGoAway() {}

    @Override
    public void onEnd(Cause cause) {
        if (listener != null) listener.close();
        end.complete(cause);
    }
}
