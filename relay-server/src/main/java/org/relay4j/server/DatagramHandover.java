package org.relay4j.server;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;

/**
 * The datagrams of one visitor on their way from the loop of a UDP port to that of the connection that carries it, at most 64 KiB.
 * Only additional connections of a tunnel live on another loop. So only here each datagram is copied to memory of its own.
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

    private final Loop loop;
    private final Target target; // called on that loop
    private final Queue<ByteBuffer> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger bytes = new AtomicInteger();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    DatagramHandover(Loop loop, Target target) {
        this.loop = loop;
        this.target = target;
    }

    /** Hands a copy of the datagram over. Returns how many older ones were dropped. */
    int pass(ByteBuffer datagram) {
        ByteBuffer copy =
                ByteBuffer.allocate(datagram.remaining()).put(datagram).flip();
        bytes.addAndGet(copy.remaining() + OVERHEAD);
        int dropped = 0;
        while (bytes.get() > MOST && poll() != null) dropped++;
        waiting.add(copy);
        if (!scheduled.getAndSet(true)) loop.execute(this::empty);
        return dropped;
    }

    private @Nullable ByteBuffer poll() {
        ByteBuffer oldest = waiting.poll();
        if (oldest != null) bytes.addAndGet(-oldest.remaining() - OVERHEAD);
        return oldest;
    }

    private void empty() {
        scheduled.set(false);
        for (ByteBuffer next; (next = poll()) != null; ) target.arrived(next);
    }
}
