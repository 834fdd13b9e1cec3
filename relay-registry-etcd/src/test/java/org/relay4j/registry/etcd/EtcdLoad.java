package org.relay4j.registry.etcd;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Transaction;

/**
 * Measures etcd's gateway under the load of a cluster: tunnels that come and go at a rate, and nodes that all watch the routes. For
 * each load a new etcd of one member is started. Arguments: loads as {@code <nodes>x<tunnels a second>}, and the seconds of each.
 *
 * <pre>java -cp ... org.relay4j.registry.etcd.EtcdLoad 20 25x100 5x250</pre>
 */
final class EtcdLoad {
    private static final Duration LIFE = Duration.ofSeconds(2); // of a tunnel
    private static final Duration LEASE = Duration.ofMinutes(1);

    private final String root = "/relay-test/" + UUID.randomUUID() + "/";
    private final List<RegistryStore> nodes = new ArrayList<>();
    private final List<Long> leases = new ArrayList<>();
    private final Map<String, Long> sent = new ConcurrentHashMap<>(); // time by key of the route, and by "-" + key
    private final Times transactions = new Times();
    private final Times events = new Times();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();

    private EtcdLoad() {}

    public static void main(String[] arguments) throws Exception {
        int seconds = Integer.parseInt(arguments[0]);
        System.out.println(
                "nodes  tunnels/s  failed  transactions: p50 p99 ms, number  events: p50 p99 ms, number  etcd: cores, ms/transaction  own cores");
        for (String load : List.of(arguments).subList(1, arguments.length)) {
            String[] parts = load.split("x", 2);
            try (EtcdMembers etcd = EtcdMembers.start(1)) {
                new EtcdLoad().run(etcd, Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), seconds);
            }
        }
    }

    private void run(EtcdMembers etcd, int count, int rate, int seconds) throws Exception {
        for (int i = 0; i < count; i++) {
            RegistryStore node = etcd.open();
            nodes.add(node);
            leases.add(node.grant(LEASE).toCompletableFuture().get());
            long revision = node.readAll(root).toCompletableFuture().get().revision();
            node.watch(List.of(root + "n/", root + "r/"), revision, new Watcher());
        }
        load(rate, 3); // warm-up
        transactions.clear();
        events.clear();
        failed.set(0);
        double before = etcd.cpu(0);
        double own = cpu();
        long begin = System.nanoTime();
        load(rate, seconds);
        double time = (System.nanoTime() - begin) / 1e9;
        double core = (etcd.cpu(0) - before) / time;
        System.out.printf(
                Locale.ROOT,
                "%5d  %9d  %6d  %s  %s  %.2f  %.2f  %.2f%n",
                count,
                rate,
                failed.get(),
                transactions,
                events,
                core,
                core * time * 1e3 / transactions.count(),
                (cpu() - own) / time);
        nodes.forEach(RegistryStore::close);
    }

    private static double cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }

    /** Sends at fixed times, whatever the answers do; waits for those at the end. */
    private void load(int rate, int seconds) {
        int tunnels = rate * seconds;
        int ahead = (int) (rate * LIFE.toSeconds());
        long begin = System.nanoTime();
        for (int i = 0; i < tunnels + ahead; i++) {
            long at = begin + i * TimeUnit.SECONDS.toNanos(1) / rate;
            while (System.nanoTime() < at) LockSupport.parkNanos(at - System.nanoTime());
            if (i < tunnels) come(i);
            if (i >= ahead) go(i - ahead);
        }
        while (open.get() > 0) LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }

    private void come(int tunnel) {
        int node = tunnel % nodes.size();
        String route = root + "r/tcp/" + tunnel + "/n" + node;
        String claim = root + "c/tcp/" + tunnel;
        Transaction transaction = Transaction.NONE
                .ifAbsent(claim)
                .put(claim, "tunnel=0123456789abcdef0123456789abcdef owner=somebody node=n" + node + " epoch=123456", 0)
                .put(route, "tunnel=0123456789abcdef0123456789abcdef epoch=123456 loop=1", leases.get(node));
        send(node, route, transaction);
    }

    private void go(int tunnel) {
        int node = tunnel % nodes.size();
        String route = root + "r/tcp/" + tunnel + "/n" + node;
        send(
                node,
                "-" + route,
                Transaction.NONE.delete(root + "c/tcp/" + tunnel).delete(route));
    }

    private void send(int node, String name, Transaction transaction) {
        long begin = System.nanoTime();
        sent.put(name, begin);
        open.incrementAndGet();
        var unused = nodes.get(node).commit(transaction).whenComplete((commit, failure) -> {
            if (failure == null && commit.done()) transactions.add(System.nanoTime() - begin);
            else failed.incrementAndGet();
            open.decrementAndGet();
        });
    }

    private final class Watcher implements RegistryStore.Watcher {
        @Override
        public void changed(long revision, Collection<Change> changes) {
            long now = System.nanoTime();
            for (Change change : changes) {
                Long begin = sent.get((change.entry() == null ? "-" : "") + change.key());
                if (begin != null) events.add(now - begin);
            }
        }

        @Override
        public void ended(RegistryException why) {
            throw new IllegalStateException(why);
        }
    }

    private static final class Times {
        private final List<Long> nanos = new ArrayList<>();

        synchronized void add(long time) {
            nanos.add(time);
        }

        synchronized void clear() {
            nanos.clear();
        }

        synchronized int count() {
            return nanos.size();
        }

        @Override
        public synchronized String toString() {
            long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
            Arrays.sort(sorted);
            if (sorted.length == 0) return "      -       -";
            return String.format(
                    Locale.ROOT,
                    "%6.1f  %6.1f  %6d",
                    sorted[sorted.length / 2] / 1e6,
                    sorted[(int) (sorted.length * 0.99)] / 1e6,
                    sorted.length);
        }
    }
}
