package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.DatagramMemory;
import org.relay4j.yamux.io.DatagramStream;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The visitors of a UDP port whose datagrams the application receives and sends. Received datagrams wait in one queue, where newer
 * ones displace older ones. Safe for use by several threads.
 */
final class DatagramVisitors implements Service {
    /** Received datagrams that may wait. Unit: bytes, including {@link #OVERHEAD} for each. */
    static final int MOST_WAITING = 1 << 20;

    /** Maximum number of visitors. Others are reset. */
    static final int MOST = 65_536;

    private static final int OVERHEAD = 128; // bytes

    /** A received datagram. */
    @SuppressWarnings("ArrayRecordComponent") // is not compared
    record Datagram(byte[] bytes, InetSocketAddress from) {}

    private final Visits visits;
    private final int most; // visitors
    private final DatagramMemory memory = new DatagramMemory();
    private final ReentrantLock lock = OrderedLock.leaf("a datagram socket");
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<Datagram> waiting = new ArrayDeque<>(); // guarded by lock
    private int bytes; // that wait; guarded by lock
    private final Map<InetSocketAddress, Visitor> visitors = new HashMap<>(); // guarded by lock
    private boolean stopped; // there are no further visitors; guarded by lock
    private boolean closed; // guarded by lock
    private final AtomicLong dropped = new AtomicLong();

    DatagramVisitors(Visits visits) {
        this(visits, MOST);
    }

    /** @param most maximum number of visitors */
    DatagramVisitors(Visits visits, int most) {
        this.visits = visits;
        this.most = most;
    }

    /** Returns the number of datagrams that were dropped, in either direction. */
    long dropped() {
        return dropped.get();
    }

    // ---- the loop, with the session's lock held

    @Override
    public @Nullable StreamHandler begin(ServiceConnection on, MuxStream stream, @Nullable VisitorHeader header) {
        InetSocketAddress from = VisitorHeader.address(header);
        if (from == null) return null;
        Visitor visitor = new Visitor(on.driver(), from, VisitorHeader.of(header));
        lock.lock();
        try {
            if (stopped || visitors.size() >= most) return null;
            visitors.put(from, visitor); // an earlier stream of this visitor is about to end
        } finally {
            lock.unlock();
        }
        on.driver().splices();
        visitor.stream = DatagramStream.accept(on.driver(), stream, memory, visitor);
        visits.accepted(on.driver(), stream, visitor.header, visitor::end);
        return visitor.stream;
    }

    private void add(Datagram datagram) {
        lock.lock();
        try {
            bytes += size(datagram);
            waiting.add(datagram);
            while (bytes > MOST_WAITING) {
                if (poll() != null) dropped.incrementAndGet();
            }
            arrived.signal();
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Datagram poll() {
        Datagram next = waiting.poll();
        if (next != null) bytes -= size(next);
        return next;
    }

    private static int size(Datagram datagram) {
        return datagram.bytes.length + OVERHEAD;
    }

    // ---- the application

    /**
     * Waits for a datagram.
     *
     * @param timeout unit: milliseconds; 0 means without limit
     * @throws SocketTimeoutException if none has arrived in time
     * @throws SocketException if the socket is closed
     */
    Datagram receive(int timeout) throws IOException {
        long left = TimeUnit.MILLISECONDS.toNanos(timeout);
        lock.lock();
        try {
            while (waiting.isEmpty()) {
                if (closed) throw new SocketException("socket closed");
                if (timeout == 0) arrived.await();
                else if (left <= 0) throw new SocketTimeoutException("Receive timed out");
                else left = arrived.awaitNanos(left);
            }
            Datagram next = poll();
            if (next == null) throw new IllegalStateException("it was there");
            return next;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted = new InterruptedIOException("interrupted in receive");
            interrupted.initCause(e);
            throw interrupted;
        } finally {
            lock.unlock();
        }
    }

    /** Sends a datagram to a visitor. It is dropped if the address is that of no visitor. Does not block. */
    void send(ByteBuffer datagram, InetSocketAddress to) throws IOException {
        Visitor visitor;
        lock.lock();
        try {
            if (closed) throw new SocketException("Socket is closed");
            visitor = visitors.get(to);
        } finally {
            lock.unlock();
        }
        if (visitor == null) dropped.incrementAndGet();
        else visitor.send(datagram);
    }

    /** Those who are here stay. */
    @Override
    public void stopWaiting() {
        lock.lock();
        try {
            stopped = true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all visitors. Waiting threads are released. Later calls have no effect. */
    void close() {
        List<Visitor> present;
        lock.lock();
        try {
            closed = true;
            stopped = true;
            present = new ArrayList<>(visitors.values());
            visitors.clear();
            waiting.clear();
            bytes = 0;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
        for (Visitor visitor : present) visitor.driver.loop().execute(visitor::end);
    }

    /** Returns the number of visitors. */
    int present() {
        lock.lock();
        try {
            return visitors.size();
        } finally {
            lock.unlock();
        }
    }

    /** One visitor. */
    private final class Visitor implements DatagramStream.Owner {
        final LoopDriver driver;
        final InetSocketAddress address;
        final @Nullable ProxyHeader header;

        @Nullable
        DatagramStream stream; // set once, guarded by the session's lock

        private boolean left; // guarded by the session's lock

        Visitor(LoopDriver driver, InetSocketAddress address, @Nullable ProxyHeader header) {
            this.driver = driver;
            this.address = address;
            this.header = header;
        }

        void send(ByteBuffer datagram) {
            driver.lock.lock();
            try {
                if (stream != null) stream.send(datagram);
                driver.flush();
            } finally {
                driver.lock.unlock();
            }
        }

        void end() {
            driver.lock.lock();
            try {
                if (stream == null || left) return;
                stream.end(DatagramStream.REFUSED);
                left(stream, null);
                driver.flush();
            } finally {
                driver.lock.unlock();
            }
        }

        @Override
        public void received(ByteBuffer datagram) {
            byte[] copy = new byte[datagram.remaining()];
            datagram.get(copy);
            add(new Datagram(copy, address));
        }

        @Override
        public void dropped(int datagrams) {
            dropped.addAndGet(datagrams);
        }

        /** The server resets the stream of a visitor that is silent, so only the end of the session is a failure. */
        @Override
        public void ended(@Nullable Cause cause) {
            boolean silent = cause == null || cause.kind() == Cause.Kind.RESET_BY_PEER;
            if (stream != null) {
                left(stream, cause == null || silent ? null : new IOException(cause.message(), cause.error()));
            }
        }

        private void left(DatagramStream over, @Nullable IOException failure) {
            if (left) return;
            left = true;
            lock.lock();
            try {
                visitors.remove(address, this);
            } finally {
                lock.unlock();
            }
            visits.closed(over.stream(), header, () -> failure);
        }
    }
}
