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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.BlockingHandshake;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.HeaderReading;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.SessionObserver;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.StreamHeader;
import org.relay4j.yamux.io.ThreadedDriver;
import org.relay4j.yamux.io.Threads;
import org.relay4j.yamux.io.TlsWire;
import org.relay4j.yamux.io.Wire;

/**
 * One end of a yamux session over a connection. It opens streams to the peer and accepts the streams that the peer opens, as
 * a {@link java.net.ServerSocket} accepts connections.
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
 * <p>A session over a {@link SocketChannel}, TCP or Unix-domain, runs on an event loop that many sessions share. A session
 * over any other {@link ByteChannel} runs on two threads of its own. To run a session over TLS on the event loop, pass the socket
 * and an {@link SSLEngine}. The session owns the channel and closes it. If such a
 * channel wraps a socket, set {@code TCP_NODELAY} on that socket: the session cannot, and without it each of the small frames
 * that open and close streams is delayed by up to 40 ms.
 *
 * <p>Safe for use by several threads. Blocking calls respond to interruption with {@link java.io.InterruptedIOException} and
 * leave the thread's interrupt flag set.
 */
public final class Session implements Closeable {
    /*
     * Longer than 300 lines because it is the public API of a session, and a third of it is Javadoc. It holds no protocol: the
     * rules are in core, and a driver in io moves the bytes. What remains here is waiting on the session's lock.
     */

    /** Longest time to flush the last frames and wait for the peer to close. Unit: nanoseconds. */
    private static final long CLOSE_MOST = TimeUnit.SECONDS.toNanos(11);

    private final SessionOptions options;
    private final Driver driver;
    private final ReentrantLock lock; // the driver's
    private final Condition openable;
    private final Condition ponged;
    private final AcceptQueue queue;
    private final boolean sharesQueue;
    private final SessionInternals.Backlog backlog; // of the queue
    private final @Nullable SessionObserver observer;
    private int headers; // streams whose header is not complete; guarded by lock
    private long pongs; // guarded by lock

    /** Makes the driver of a session. */
    private interface Transport {
        Driver drive(Role role, CoreOptions options, SessionEvents events) throws IOException;
    }

    private Session(
            Transport transport,
            Role role,
            SessionOptions options,
            CoreOptions core,
            @Nullable SessionObserver observer)
            throws IOException {
        this.options = options;
        AcceptQueue shared = options.acceptQueue();
        sharesQueue = shared != null;
        queue = shared != null ? shared : new AcceptQueue();
        backlog = new SessionInternals.Backlog(queue, options.backlog(), null);
        this.observer = observer;
        driver = transport.drive(role, core, new Events());
        lock = driver.lock;
        openable = lock.newCondition();
        ponged = lock.newCondition();
    }

    private static Driver onLoop(Wire wire, Role role, CoreOptions options, SessionEvents events) throws IOException {
        LoopGroup loops = LoopGroup.acquireShared();
        Loop loop = null;
        boolean made = false;
        try {
            Loop joined = loops.join();
            loop = joined;
            LoopDriver driver = new LoopDriver(joined, wire, role, options, events, false);
            driver.whenTerminated(() -> leave(loops, joined));
            made = true;
            return driver;
        } finally {
            if (!made) leave(loops, loop);
        }
    }

    private static void leave(LoopGroup loops, @Nullable Loop joined) {
        if (joined != null) loops.leave(joined);
        LoopGroup.releaseShared();
    }

    /** Starts a client session with default options. See {@link #client(ByteChannel, SessionOptions)}. */
    public static Session client(ByteChannel channel) throws IOException {
        return client(channel, SessionOptions.defaults());
    }

    /**
     * Starts the client end of a session, which opens streams with odd ids. Does not block.
     *
     * @param channel a connected channel that carries only yamux from now on. Closing it must unblock reads and writes
     * @throws IOException if the session cannot use the channel, for example because it is closed; the caller then still owns
     *     the channel
     */
    public static Session client(ByteChannel channel, SessionOptions options) throws IOException {
        return start(channel, Role.CLIENT, options);
    }

    /** Starts a server session with default options. See {@link #server(ByteChannel, SessionOptions)}. */
    public static Session server(ByteChannel channel) throws IOException {
        return server(channel, SessionOptions.defaults());
    }

    /**
     * Starts the server end of a session, which opens streams with even ids. Otherwise the same as {@link #client(ByteChannel,
     * SessionOptions)}.
     */
    public static Session server(ByteChannel channel, SessionOptions options) throws IOException {
        return start(channel, Role.SERVER, options);
    }

    /**
     * Performs a TLS handshake and starts the client end of a session over the encrypted connection, on an event loop. Blocks
     * for the handshake, at most for {@code handshakeTimeout}. Which end is the TLS client is up to the engine.
     *
     * <p>If the connection ends without the TLS close_notify alert, it was cut off: the session is lost, and does not end
     * cleanly.
     *
     * @param channel a connected socket that has not carried any byte of TLS yet. It is closed if this method throws
     * @param engine a new engine with its parameters set, among them {@link SSLEngine#setUseClientMode}
     * @param handshakeTimeout 1 ms to 1 h
     * @throws javax.net.ssl.SSLException if the handshake fails, for example because the peer's certificate is not trusted
     * @throws SocketTimeoutException if the handshake timeout expires
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupt flag stays set
     * @throws IOException if the connection is lost
     */
    public static Session client(
            SocketChannel channel, SSLEngine engine, Duration handshakeTimeout, SessionOptions options)
            throws IOException {
        return overTls(channel, engine, handshakeTimeout, Role.CLIENT, options);
    }

    /**
     * Starts the server end of a session over TLS. Otherwise the same as {@link #client(SocketChannel, SSLEngine, Duration,
     * SessionOptions)}.
     */
    public static Session server(
            SocketChannel channel, SSLEngine engine, Duration handshakeTimeout, SessionOptions options)
            throws IOException {
        return overTls(channel, engine, handshakeTimeout, Role.SERVER, options);
    }

    private static Session overTls(
            SocketChannel channel, SSLEngine engine, Duration handshakeTimeout, Role role, SessionOptions options)
            throws IOException {
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(engine, "engine");
        Bounds.timeout("handshakeTimeout", handshakeTimeout);
        TlsWire wire = null;
        boolean started = false;
        try {
            checkConnected(channel);
            Sockets.configure(channel);
            wire = new TlsWire(channel, engine);
            BlockingHandshake.run(wire, handshakeTimeout.toNanos());
            Session session = start(wire, role, options);
            started = true;
            return session;
        } finally {
            if (!started) {
                if (wire != null) wire.close();
                else Sockets.close(channel);
            }
        }
    }

    static Session start(ByteChannel channel, Role role, SessionOptions options) throws IOException {
        if (!channel.isOpen()) throw new ClosedChannelException();
        if (channel instanceof SocketChannel socket) {
            checkConnected(socket);
            Sockets.configure(socket);
            return start(new PlainWire(socket), role, options);
        }
        return start((itsRole, core, events) -> new ThreadedDriver(channel, itsRole, core, events), role, options);
    }

    /** Starts a session over a configured wire that has done its handshake. */
    static Session start(Wire wire, Role role, SessionOptions options) throws IOException {
        return start((itsRole, core, events) -> onLoop(wire, itsRole, core, events), role, options);
    }

    private static Session start(Transport transport, Role role, SessionOptions options) throws IOException {
        CoreOptions core = SessionInternals.options(Objects.requireNonNull(options, "options"));
        Session session = new Session(transport, role, options, core, null);
        session.driver.start();
        return session;
    }

    /** Makes the server end of a session over a configured wire that has done its handshake. Its driver is to be started. */
    static Session server(Wire wire, SessionOptions options, CoreOptions core, SessionObserver observer)
            throws IOException {
        Transport transport = (role, itsCore, events) -> onLoop(wire, role, itsCore, events);
        return new Session(transport, Role.SERVER, options, core, observer);
    }

    private static void checkConnected(SocketChannel channel) throws SocketException {
        if (!channel.isConnected()) throw new SocketException("the channel is not connected");
    }

    /**
     * Opens a stream. Does not wait for the peer's acknowledgement: data can be written immediately.
     *
     * <p>Blocks while {@link SessionOptions#maxUnacknowledged} streams are unacknowledged, at most for the open timeout.
     *
     * @throws SocketTimeoutException if the open timeout expires
     * @throws SessionException if the session has ended or no longer opens streams
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
                        if (opened == null) continue; // no memory at the moment: the next state is WAIT
                        stream.attach(opened, null);
                        driver.flush();
                        return stream;
                    }
                    case WAIT -> {
                        mux.awaitOpenable();
                        deadline.await(openable, "the peer did not acknowledge the streams opened before");
                    }
                    case ENDED -> throw failure();
                    case GONE_AWAY -> throw noMoreStreams("the session no longer opens streams");
                    case EXHAUSTED -> throw noMoreStreams("all stream ids of this session have been used");
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for the next stream that the peer opens, without a time limit, and acknowledges it.
     *
     * @throws SessionException if the session has ended
     * @throws IllegalStateException if the session uses a shared {@linkplain SessionOptions.Builder#acceptQueue queue}
     */
    public Stream accept() throws IOException {
        return accept(Duration.ZERO);
    }

    /**
     * Waits for the next stream that the peer opens and acknowledges it.
     *
     * @param timeout how long to wait; zero means no limit
     * @throws SocketTimeoutException if the timeout expires
     * @throws SessionException if the session has ended
     * @throws IllegalStateException if the session uses a shared {@linkplain SessionOptions.Builder#acceptQueue queue}
     */
    public Stream accept(Duration timeout) throws IOException {
        if (sharesQueue) throw sharesQueue();
        return queue.accept(timeout);
    }

    /**
     * Returns a server socket that accepts the streams of the peer as sockets. Closing it calls {@link #closeWhenDone}. Its
     * address is unspecified (0.0.0.0, port 0).
     *
     * @throws IllegalStateException if the session uses a shared {@linkplain SessionOptions.Builder#acceptQueue queue}
     */
    public ServerSocket asServerSocket() throws IOException {
        if (sharesQueue) throw sharesQueue();
        return new StreamServerSocket(this);
    }

    /**
     * Measures the round-trip time to the peer. The ping is sent ahead of queued data. Concurrent callers share one ping.
     * Blocks until the answer arrives, at most for the keep-alive timeout.
     *
     * @throws SocketTimeoutException if the keep-alive timeout expires
     * @throws SessionException if the session has ended
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
     * Stops opening and accepting streams; open streams are not affected. GoAway is sent when the last stream has ended, because
     * several implementations end the whole session when they receive it earlier. Does not block.
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
     * Stops opening and accepting streams, sends GoAway at once, and closes the session when the last stream has ended. Streams
     * that have not been accepted are reset. Does not block. Peers on go-yamux, rust-yamux or js-libp2p-yamux end the session
     * when they receive GoAway; use {@link #goAway} for those.
     */
    public void closeWhenDone() {
        lock.lock();
        try {
            for (Stream stream : queue.removeAll(this)) stream.reset();
            if (!sharesQueue) queue.end(() -> noMoreStreams("the session no longer accepts streams"));
            driver.closeWhenDone();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the session: resets all open streams, releases all waiting threads and notifies the peer. Does not block; {@link
     * #awaitEnd()} waits until the channel is closed. Has no effect if the session has already ended.
     */
    @Override
    public void close() {
        driver.close();
    }

    /**
     * Ends the session gracefully: accepts no more streams, notifies the peer, and lets open streams finish. Streams that have
     * not finished in time are reset. Blocks until the channel is closed, at most 11 s longer than {@code timeout}. If the
     * thread is interrupted, the streams are reset at once and its interrupt flag stays set. A peer on another
     * implementation may end the session early, see {@link #closeWhenDone}.
     *
     * @param timeout how long streams may take; zero means do not wait
     * @return true if all streams had finished
     * @throws IllegalArgumentException if the timeout is negative
     */
    public boolean close(Duration timeout) {
        long most = Bounds.nanos(Bounds.notNegative("timeout", timeout));
        closeWhenDone();
        boolean finished = false;
        try {
            driver.awaitTermination(most);
            SessionException end = ended();
            finished = end != null && end.isClean();
            close();
            driver.awaitTermination(CLOSE_MOST);
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
        }
        return finished;
    }

    /** Waits until the session has ended and its channel is closed. */
    public void awaitEnd() throws InterruptedException {
        driver.awaitTermination(Long.MAX_VALUE);
    }

    /**
     * Waits until the session has ended and its channel is closed.
     *
     * @param timeout how long to wait; zero means do not wait
     * @return false if the timeout expired first
     */
    public boolean awaitEnd(Duration timeout) throws InterruptedException {
        return driver.awaitTermination(Bounds.nanos(timeout));
    }

    /** Returns true until the session has ended. */
    public boolean isOpen() {
        return ended() == null;
    }

    /** Returns the reason why the session has ended; null if it is still open. */
    public @Nullable SessionException ended() {
        lock.lock();
        try {
            Cause cause = driver.mux().ended();
            return cause == null ? null : SessionException.of(cause);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of open streams, opened by either end. */
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

    /** Returns the totals so far. Does not block. */
    public SessionStatistics statistics() {
        return SessionInternals.statistics(driver);
    }

    Driver driver() {
        return driver;
    }

    /** Has a stream wait to be accepted. Returns its handler; null if it is refused. With the lock held. */
    @Nullable
    StreamHandler enqueue(MuxStream core, @Nullable StreamHeader header, SessionInternals.Backlog backlog) {
        Stream stream = new Stream(this, driver);
        stream.attach(core, header);
        return stream.enter(backlog) ? stream.handler() : null;
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

    /** Initialized by the first session with a listener. */
    private static final class Callbacks {
        static final ExecutorService EXECUTOR = Threads.executor("relay-callback");
    }

    /** Handles the events of the core. With the lock held. */
    private final class Events implements SessionEvents {
        @Override
        public @Nullable StreamHandler onStream(MuxStream core) {
            StreamHeader header = observer == null ? null : observer.header();
            if (header == null || !(driver instanceof LoopDriver onLoop)) return begin(core, null);
            // Streams whose header is not complete are bounded with those in the queue.
            if (headers + queue.length(Session.this) >= options.backlog()) return null;
            headers++;
            return new HeaderReading(onLoop, core, header, new HeaderReading.Next() {
                @Override
                public @Nullable StreamHandler begin(MuxStream stream) {
                    headers--;
                    return Events.this.begin(stream, header);
                }

                @Override
                public void failed(String why) {
                    headers--;
                    header.failed(why);
                }
            });
        }

        private @Nullable StreamHandler begin(MuxStream core, @Nullable StreamHeader header) {
            if (observer != null) return observer.begin(core, header);
            return enqueue(core, header, backlog);
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
            if (observer != null) observer.goneAway();
            tell(options.listener(), listener -> listener.goAway(Session.this));
        }

        @Override
        public void onEnd(Cause cause) {
            if (!sharesQueue) queue.end(() -> SessionException.of(cause));
            openable.signalAll();
            ponged.signalAll();
            if (observer != null) observer.ended(cause);
            tell(options.listener(), listener -> listener.ended(Session.this, SessionException.of(cause)));
        }
    }
}
