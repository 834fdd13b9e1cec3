package org.relay4j.server;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;

/**
 * The datagrams of one visitor on their way from the loop of a UDP port to that of the connection that carries it, at most 64 KiB,
 * and 4 MiB for all visitors of the port. Only additional connections of a tunnel live on another loop. So only here each datagram is copied to memory of its own.
 */
final class DatagramHandover {
    /** Receives the datagrams. */
    @FunctionalInterface
    interface Target {
        void arrived(ByteBuffer datagram);
    }

    /** What a datagram counts in addition to its bytes. */
    private static final int OVERHEAD = 64; // bytes

    private static final int MOST = 64 * 1024 + OVERHEAD; // bytes

    /** Maximum for all visitors of a port together. Unit: bytes. */
    static final int MOST_OF_PORT = 4 << 20;

    private final Loop loop;
    private final Target target; // called on that loop
    private final Queue<ByteBuffer> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger bytes = new AtomicInteger();
    private final AtomicLong ofPort; // bytes of all visitors
    private final AtomicBoolean scheduled = new AtomicBoolean();

    DatagramHandover(Loop loop, AtomicLong ofPort, Target target) {
        this.loop = loop;
        this.ofPort = ofPort;
        this.target = target;
    }

    /** Hands a copy of the datagram over. Returns how many were dropped: older ones, or this one if the port has too many. */
    int pass(ByteBuffer datagram) {
        int size = datagram.remaining() + OVERHEAD;
        if (ofPort.addAndGet(size) > MOST_OF_PORT) {
            ofPort.addAndGet(-size);
            return 1;
        }
        ByteBuffer copy =
                ByteBuffer.allocate(datagram.remaining()).put(datagram).flip();
        bytes.addAndGet(size);
        int dropped = 0;
        while (bytes.get() > MOST && poll() != null) dropped++;
        waiting.add(copy);
        if (!scheduled.getAndSet(true)) loop.execute(this::empty);
        return dropped;
    }

    private @Nullable ByteBuffer poll() {
        ByteBuffer oldest = waiting.poll();
        if (oldest == null) return null;
        int size = oldest.remaining() + OVERHEAD;
        bytes.addAndGet(-size);
        ofPort.addAndGet(-size);
        return oldest;
    }

    private void empty() {
        scheduled.set(false);
        for (ByteBuffer next; (next = poll()) != null; ) target.arrived(next);
    }
}
