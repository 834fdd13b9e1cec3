package org.relay4j.server.peer;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Threads;

/**
 * Looks up the addresses of other nodes, which may take a resolver many seconds. It has threads of its own, so that TLS does not wait
 * for it, and looks up each name once at a time, so that one name takes one thread however many links wait for it. Safe for use by
 * several threads; nothing blocks.
 */
final class PeerNames implements AutoCloseable {
    private static final int THREADS = 4;
    private static final int WAITING = 512; // names
    private static final long IDLE_SECONDS = 10; // then the threads end

    private final UnaryOperator<InetSocketAddress> resolver;
    private final ThreadPoolExecutor threads;
    private final ReentrantLock lock = OrderedLock.leaf("names of other nodes");
    private final Map<InetSocketAddress, List<Consumer<InetSocketAddress>>> waiting =
            new HashMap<>(); // guarded by lock

    /** @param resolver returns the address with its name resolved, or unresolved if that fails; may block */
    PeerNames(UnaryOperator<InetSocketAddress> resolver) {
        this.resolver = resolver;
        threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(WAITING),
                Threads.factory("relay-peer-names"));
        threads.allowCoreThreadTimeOut(true);
    }

    static InetSocketAddress resolve(InetSocketAddress unresolved) {
        return new InetSocketAddress(unresolved.getHostString(), unresolved.getPort());
    }

    /**
     * Looks up a name. Returns false if too many other names wait, or this is closed.
     *
     * @param then called with the result, which is unresolved if the name is unknown, on another thread; must not block
     */
    boolean find(InetSocketAddress unresolved, Consumer<InetSocketAddress> then) {
        lock.lock();
        try {
            List<Consumer<InetSocketAddress>> others = waiting.get(unresolved);
            if (others == null) {
                threads.execute(() -> look(unresolved));
                others = new ArrayList<>();
                waiting.put(unresolved, others);
            }
            others.add(then);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void look(InetSocketAddress unresolved) {
        InetSocketAddress found = unresolved;
        try {
            found = resolver.apply(unresolved);
        } finally {
            List<Consumer<InetSocketAddress>> all;
            lock.lock();
            try {
                all = waiting.remove(unresolved);
            } finally {
                lock.unlock();
            }
            for (Consumer<InetSocketAddress> each : all == null ? List.<Consumer<InetSocketAddress>>of() : all) {
                each.accept(found);
            }
        }
    }

    @Override
    public void close() {
        threads.shutdown();
    }
}
