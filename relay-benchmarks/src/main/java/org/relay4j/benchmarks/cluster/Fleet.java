package org.relay4j.benchmarks.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.benchmarks.load.Errors;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;

/**
 * The tunnels of all clients, each with one connection to a node at random. A client that loses its node comes back to it or to one of two
 * others. Safe for use by several threads.
 */
final class Fleet implements AutoCloseable {
    /**
     * A tunnel that is up.
     *
     * @param visitors on their way; it is not closed under them
     */
    record Member(int number, RelayForwarder forwarder, long since, AtomicInteger visitors) {
        int port() {
            return forwarder.publicAddress().getPort();
        }

        /** Returns the address of the node that it is at. */
        String node() {
            return forwarder.serverAddress().getHostString();
        }
    }

    private static final int FURTHER_NODES = 2; // that a client knows
    private static final int CLOSING = 64; // tunnels that are closed at once at the end
    private static final int TRIES = 16; // to find one that is old enough
    private static final long PAUSE =
            TimeUnit.MILLISECONDS.toNanos(100); // until a tunnel is tried again that has visitors
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60); // after which it is closed nevertheless

    final Times claims = new Times(); // from the beginning of the connection to the port
    final AtomicInteger left = new AtomicInteger(); // tunnels that were closed
    final AtomicInteger lost = new AtomicInteger(); // connections of tunnels that have ended otherwise
    final Returns returns = new Returns();
    final Errors errors = new Errors();

    private final Cluster cluster;
    private final int nodes;
    private final Service service;
    private final AtomicInteger numbers = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Member> members = new ArrayList<>(); // guarded by lock
    private final TunnelListener listener = new TunnelListener() {
        @Override
        public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
            if (cause == null) return;
            lost.incrementAndGet();
            returns.lost(tunnel, System.nanoTime());
        }

        @Override
        public void up(Tunnel tunnel) {
            returns.up(tunnel, System.nanoTime());
        }
    };

    Fleet(Cluster cluster, int nodes, Service service) {
        this.cluster = cluster;
        this.nodes = nodes;
        this.service = service;
    }

    /**
     * Opens a tunnel. Blocks.
     *
     * @param visitors that it has from the beginning; {@link #visited} for each
     * @return null if that failed
     */
    @Nullable
    Member join(int visitors) {
        int number = numbers.getAndIncrement();
        int node = ThreadLocalRandom.current().nextInt(nodes);
        List<InetSocketAddress> further = new ArrayList<>();
        for (int n = 1; n <= Math.min(FURTHER_NODES, nodes - 1); n++)
            further.add(cluster.control((node + n) % nodes + 1));
        RelayClientOptions options =
                RelayClientOptions.builder().nodes(further).listener(listener).build();
        InetSocketAddress first = cluster.control(node + 1);
        long begin = System.nanoTime();
        RelayForwarder forwarder;
        try {
            forwarder = RelayClient.forward(first.getHostString(), first.getPort(), service.address(number), options);
        } catch (IOException e) {
            errors.add(e);
            return null;
        }
        long now = System.nanoTime();
        claims.add(now - begin);
        Member member = new Member(number, forwarder, now, new AtomicInteger(visitors));
        lock.lock();
        try {
            members.add(member);
        } finally {
            lock.unlock();
        }
        return member;
    }

    /**
     * Returns a tunnel at random for a visitor, after which {@link #visited} is called.
     *
     * @param age nanoseconds for which it has been up; null if none is found soon for which that holds
     */
    @Nullable
    Member any(long age) {
        lock.lock();
        try {
            int index = index(age);
            if (index < 0) return null;
            Member found = members.get(index);
            found.visitors.incrementAndGet();
            return found;
        } finally {
            lock.unlock();
        }
    }

    /** Returns one tunnel of each node that has some. */
    Collection<Member> ofEachNode() {
        Map<String, Member> found = new TreeMap<>();
        for (Member each : all()) found.putIfAbsent(each.node(), each);
        return found.values();
    }

    /** Returns the tunnels that a node has. */
    List<Member> at(int node) {
        String address = cluster.control(node).getHostString();
        return all().stream().filter(each -> each.node().equals(address)).toList();
    }

    private List<Member> all() {
        lock.lock();
        try {
            return List.copyOf(members);
        } finally {
            lock.unlock();
        }
    }

    /** A visitor of the tunnel has left. */
    static void visited(Member member) {
        member.visitors.decrementAndGet();
    }

    /**
     * Closes a tunnel at random. Blocks until it has no visitors, at most a minute.
     *
     * @param age as of {@link #any}
     */
    void leave(long age) {
        Member member = take(age);
        if (member == null) return;
        long end = System.nanoTime() + PATIENCE;
        while (member.visitors.get() > 0 && System.nanoTime() - end < 0) LockSupport.parkNanos(PAUSE);
        member.forwarder.close();
        left.incrementAndGet();
    }

    private @Nullable Member take(long age) {
        lock.lock();
        try {
            int index = index(age);
            if (index < 0) return null;
            Member last = members.remove(members.size() - 1);
            return index == members.size() ? last : members.set(index, last);
        } finally {
            lock.unlock();
        }
    }

    private int index(long age) {
        for (int n = 0; n < TRIES && !members.isEmpty(); n++) {
            int index = ThreadLocalRandom.current().nextInt(members.size());
            if (System.nanoTime() - members.get(index).since >= age) return index;
        }
        return -1;
    }

    int size() {
        lock.lock();
        try {
            return members.size();
        } finally {
            lock.unlock();
        }
    }

    /** Closes all tunnels. Blocks for ten seconds at most: those that are still open end with this process. */
    @Override
    public void close() {
        ExecutorService closing = Executors.newFixedThreadPool(CLOSING);
        for (Member each : all()) closing.execute(each.forwarder::close);
        closing.shutdown();
        try {
            if (!closing.awaitTermination(10, TimeUnit.SECONDS)) closing.shutdownNow();
        } catch (InterruptedException e) {
            closing.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
