package org.relay4j.yamux;

import java.io.Closeable;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.StreamObserver;
import org.relay4j.yamux.io.ThreadedDriver;
import org.relay4j.yamux.io.Threads;

/**
 * One end of a yamux session over a connection: it opens streams to the peer and accepts the streams that the peer opens,
 * as a {@link java.net.ServerSocket} accepts connections.
 *
 * <pre>{@code
 * Session session = Session.client(channel);
 * try (Stream stream = session.open()) {
 *     stream.getOutputStream().write(request);
 *     stream.shutdownOutput();
 *     byte[] reply = stream.getInputStream().readAllBytes();
 * }
 * }</pre>
 *
 * <p>Over a {@link SocketChannel}, TCP or Unix-domain, a session is served by an event loop that many sessions share; over
 * any other {@link ByteChannel} by two threads of its own. The channel belongs to the session, which closes it. A socket that is hidden in
 * such a channel needs {@code TCP_NODELAY}, which a session can only set where it sees the socket; without it the small
 * frames that open and close streams wait for up to 40 ms each.
 *
 * <p>Safe for use by several threads. Waiting calls react to interruption with {@link java.io.InterruptedIOException} and leave
 * the thread's interrupted flag set.
 */
public final class Session implements Closeable {
    private final SessionOptions options;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Condition openable;
    private final Condition ponged;
    private final AcceptQueue queue;
    private final boolean sharesQueue;
    private final @Nullable StreamObserver observer;
    private int backlog; // streams of this session in the queue; guarded by lock
    private long pongs; // guarded by lock

    private Session(ByteChannel channel, Role role, SessionOptions options, @Nullable StreamObserver observer)
            throws IOException {
        this.options = options;
        AcceptQueue shared = options.acceptQueue();
        sharesQueue = shared != null;
        queue = shared != null ? shared : new AcceptQueue();
        this.observer = observer;
        CoreOptions core = SessionInternals.options(options);
        Events events = new Events();
        if (channel instanceof SocketChannel socket) {
            if (!socket.isConnected()) throw new SocketException("the channel is not connected");
            Sockets.configure(socket);
            LoopGroup loops = LoopGroup.acquireShared();
            boolean made = false;
            try {
                driver = new LoopDriver(loops.next(), socket, role, core, events, false);
                made = true;
            } finally {
                if (!made) LoopGroup.releaseShared();
            }
            driver.whenTerminated(LoopGroup::releaseShared);
        } else {
            driver = new ThreadedDriver(channel, role, core, events);
        }
        lock = driver.lock;
        openable = lock.newCondition();
        ponged = lock.newCondition();
    }

    /** The end that opens streams with odd ids, with default options. See {@link #client(ByteChannel, SessionOptions)}. */
    public static Session client(ByteChannel channel) throws IOException {
        return client(channel, SessionOptions.defaults());
    }

    /**
     * Starts the end that opens streams with odd ids. Does not block.
     *
     * @param channel connected; nothing but yamux follows on it. Closing it must make blocked reads and writes return
     * @throws IOException when the channel cannot be served, for example because it is closed; it then remains the caller's
     */
    public static Session client(ByteChannel channel, SessionOptions options) throws IOException {
        return start(channel, Role.CLIENT, options, null);
    }

    /** The end that opens streams with even ids, with default options. See {@link #client(ByteChannel, SessionOptions)}. */
    public static Session server(ByteChannel channel) throws IOException {
        return server(channel, SessionOptions.defaults());
    }

    /** Starts the end that opens streams with even ids. See {@link #client(ByteChannel, SessionOptions)}. */
    public static Session server(ByteChannel channel, SessionOptions options) throws IOException {
        return start(channel, Role.SERVER, options, null);
    }

    static Session start(ByteChannel channel, Role role, SessionOptions options, @Nullable StreamObserver observer)
            throws IOException {
        if (!channel.isOpen()) throw new ClosedChannelException();
        Session session = new Session(channel, role, Objects.requireNonNull(options, "options"), observer);
        session.driver.start();
        return session;
    }

    /**
     * Opens a stream. The peer's answer is not waited for: data may be written at once.
     *
     * <p>Waits while {@link SessionOptions#maxUnacknowledged} streams have not been answered, at most the open timeout.
     *
     * @throws SocketTimeoutException when it had to wait for longer than the open timeout
     * @throws SessionException when the session has ended, or takes no more streams
     */
    public Stream open() throws IOException {
        lock.lock();
        try {
            Deadline deadline = new Deadline(options.openTimeout());
            Multiplexer mux = driver.mux();
            while (true) {
                switch (mux.openState()) {
                    case READY -> {
                        Stream stream = new Stream(this, driver);
                        MuxStream opened = mux.open(stream.handler(), System.nanoTime());
                        if (opened == null) continue; // no memory for now: WAIT
                        stream.attach(opened);
                        driver.flush();
                        return stream;
                    }
                    case WAIT -> {
                        mux.awaitOpenable();
                        deadline.await(openable, "the peer did not answer to the streams opened before");
                    }
                    case ENDED -> throw failure();
                    case GONE_AWAY -> throw noMoreStreams("the session takes no more streams");
                    case EXHAUSTED -> throw noMoreStreams("all stream ids of this session are used");
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for the next stream that the peer opens, for as long as it takes, and acknowledges it.
     *
     * @throws SessionException when the session has ended
     * @throws IllegalStateException when the session shares its {@linkplain SessionOptions.Builder#acceptQueue queue} with others
     */
    public Stream accept() throws IOException {
        return accept(Duration.ZERO);
    }

    /**
     * Waits for the next stream that the peer opens, and acknowledges it.
     *
     * @param timeout how long to wait at most; zero for as long as it takes
     * @throws SocketTimeoutException when none came in time
     * @throws SessionException when the session has ended
     * @throws IllegalStateException when the session shares its {@linkplain SessionOptions.Builder#acceptQueue queue} with others
     */
    public Stream accept(Duration timeout) throws IOException {
        if (sharesQueue) throw sharesQueue();
        return queue.accept(timeout);
    }

    /**
     * This session as a server socket, for code that wants one: what it accepts are the peer's streams as sockets. Closing it
     * takes no more streams, and ends the session with the last one. Its address is unspecified (0.0.0.0, port 0).
     *
     * @throws IllegalStateException when the session shares its {@linkplain SessionOptions.Builder#acceptQueue queue} with others
     */
    public ServerSocket asServerSocket() throws IOException {
        if (sharesQueue) throw sharesQueue();
        return new StreamServerSocket(this);
    }

    /**
     * Measures the round-trip time to the peer. Overtakes data that waits to be sent. Callers at the same time share one
     * ping. Waits at most the keep-alive timeout.
     *
     * @throws SocketTimeoutException when no answer came in time
     * @throws SessionException when the session has ended
     */
    public Duration ping() throws IOException {
        lock.lock();
        try {
            long before = pongs;
            driver.mux().ping(System.nanoTime());
            Deadline deadline = new Deadline(options.keepAliveTimeout());
            driver.flush();
            while (pongs == before) {
                if (driver.mux().ended() != null) throw failure();
                deadline.await(ponged, "the peer did not answer the ping");
            }
            return Duration.ofNanos(driver.mux().roundTrip());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes no more streams and opens none; those that are open go on. The peer is told when the last one has ended, since
     * several implementations end the whole session when they are told earlier. Does not block.
     */
    public void goAway() {
        lock.lock();
        try {
            driver.mux().drain(false);
            driver.flush();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes no more streams, tells the peer so at once, and closes the session when the last stream has ended. Streams that
     * wait to be accepted are reset. Does not block. A peer on go-yamux, rust-yamux or js-libp2p-yamux ends the session when
     * it is told, see {@link #goAway} for those.
     */
    public void closeWhenDone() {
        lock.lock();
        try {
            for (Stream stream : queue.removeAll(this)) stream.reset();
            if (!sharesQueue) queue.end(() -> noMoreStreams("the session takes no more streams"));
            backlog = 0;
            driver.closeWhenDone();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the session: streams that are open are reset, everybody who waits is woken, the peer is told. Does not wait
     * for that; {@link #awaitTermination} does. Has no effect on a session that has ended.
     */
    @Override
    public void close() {
        driver.close();
    }

    /** Waits until the channel is closed after the end of the session; false when that took longer than {@code timeout}. */
    public boolean awaitTermination(Duration timeout) throws InterruptedException {
        return driver.awaitTermination(Bounds.nanos(timeout));
    }

    /** True until the session has ended. */
    public boolean isOpen() {
        return ended() == null;
    }

    /** Why the session has ended, or null while it has not. */
    public @Nullable SessionException ended() {
        lock.lock();
        try {
            Cause cause = driver.mux().ended();
            return cause == null ? null : SessionException.of(cause);
        } finally {
            lock.unlock();
        }
    }

    /** Streams that are open, of both ends. */
    public int streamCount() {
        lock.lock();
        try {
            return driver.mux().streamCount();
        } finally {
            lock.unlock();
        }
    }

    private static IllegalStateException sharesQueue() {
        return new IllegalStateException("the streams of this session are accepted from the shared queue");
    }

    /** What has passed so far. Does not block. */
    public SessionStatistics statistics() {
        return SessionInternals.statistics(driver);
    }

    /** Forgets a stream that ended before it was accepted. With the lock held. */
    void withdraw(Stream stream) {
        if (!queue.remove(stream)) return;
        backlog--;
        stream.discard();
    }

    /** A stream has left the queue. With the lock held. */
    void taken() {
        if (backlog > 0) backlog--;
    }

    /** Somebody who wants to know of each stream; null when nobody does. */
    @Nullable
    StreamObserver observer() {
        return observer;
    }

    private static SessionException noMoreStreams(String message) {
        return new SessionException(SessionException.Reason.NO_MORE_STREAMS, 0, message, null);
    }

    private SessionException failure() {
        Cause cause = driver.mux().ended();
        if (cause == null) throw new IllegalStateException("the session has not ended");
        return SessionException.of(cause);
    }

    private void tell(@Nullable SessionListener listener, java.util.function.Consumer<SessionListener> call) {
        if (listener != null) Callbacks.EXECUTOR.execute(() -> call.accept(listener));
    }

    @Override
    public String toString() {
        return driver.toString();
    }

    /** Started with the first session that has a listener. */
    private static final class Callbacks {
        static final ExecutorService EXECUTOR = Threads.executor("relay-callback");
    }

    /** What the core tells. With the lock held. */
    private final class Events implements SessionEvents {
        @Override
        public @Nullable StreamHandler onStream(MuxStream core) {
            if (backlog >= options.backlog()) return null;
            Stream stream = new Stream(Session.this, driver);
            stream.attach(core);
            if (!queue.add(stream)) return null;
            backlog++;
            return stream.handler();
        }

        @Override
        public void onOpenable() {
            openable.signalAll();
        }

        @Override
        public void onPong(long nanos) {
            pongs++;
            if (observer != null) observer.measured(nanos);
            ponged.signalAll();
        }

        @Override
        public void onGoAway() {
            openable.signalAll();
            tell(options.listener(), listener -> listener.goAway(Session.this));
        }

        @Override
        public void onEnd(Cause cause) {
            if (!sharesQueue) queue.end(() -> SessionException.of(cause));
            openable.signalAll();
            ponged.signalAll();
            tell(options.listener(), listener -> listener.ended(Session.this, SessionException.of(cause)));
        }
    }
}
