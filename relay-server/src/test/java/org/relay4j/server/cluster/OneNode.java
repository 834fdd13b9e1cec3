package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.MemoryRegistryStore;

/** A node in virtual time with its way to the registry, for tests of single cases. */
final class OneNode implements ClusterListener {
    final SimulatedTime time;
    final SimulatedStore store;
    final ClusterNode node;
    final List<String> events = new ArrayList<>();
    private final long offset; // of its clock, nanoseconds

    OneNode(SimulatedTime time, MemoryRegistryStore registry, String name, String incarnation) {
        this(time, registry, settings(name).incarnation(incarnation));
    }

    OneNode(SimulatedTime time, MemoryRegistryStore registry, ClusterSettings settings) {
        this(time, registry, settings, 0);
    }

    OneNode(SimulatedTime time, MemoryRegistryStore registry, ClusterSettings settings, long offset) {
        this.time = time;
        this.offset = offset;
        store = new SimulatedStore(time, registry, registry::endLeases);
        node = new ClusterNode(settings, store, new Clock(), this);
    }

    static ClusterSettings settings(String name) {
        return ClusterSettings.of("sim", name, InetSocketAddress.createUnresolved(name, 7002), 2, "1");
    }

    static MemoryRegistryStore registry(SimulatedTime time) {
        MemoryRegistryStore registry = new MemoryRegistryStore(time::now, Runnable::run);
        endLeases(time, registry);
        return registry;
    }

    private static void endLeases(SimulatedTime time, MemoryRegistryStore registry) {
        registry.endLeases();
        time.after(SECOND / 20, () -> endLeases(time, registry));
    }

    /** Waits, in virtual time, and returns the result. */
    <T> T get(CompletionStage<T> stage) {
        AtomicReference<T> result = new AtomicReference<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        boolean[] done = new boolean[1];
        var unused = stage.whenComplete((value, why) -> {
            result.set(value);
            failure.set(why);
            done[0] = true;
        });
        for (int i = 0; i < 300 && !done[0]; i++) run(SECOND / 10);
        if (!done[0]) throw new AssertionError("not complete after 30 s");
        if (failure.get() != null) throw new AssertionError(failure.get());
        return result.get();
    }

    /** Waits until the stage has failed, and returns why. */
    Throwable failure(CompletionStage<?> stage) {
        try {
            get(stage);
        } catch (AssertionError e) {
            if (e.getCause() != null) return e.getCause();
            throw e;
        }
        throw new AssertionError("it has not failed");
    }

    void run(long nanos) {
        time.run(nanos, () -> {});
    }

    @Override
    public void routes(Endpoint endpoint, List<Route> now) {
        events.add("routes " + endpoint + " " + now.stream().map(Route::node).toList());
    }

    @Override
    public void free(Endpoint endpoint) {
        events.add("free " + endpoint);
    }

    @Override
    public void node(NodeInfo info) {
        events.add("node " + info.name() + (info.draining() ? " draining" : ""));
    }

    @Override
    public void nodeGone(String name) {
        events.add("gone " + name);
    }

    @Override
    public void lost(String tunnel, @Nullable Endpoint endpoint, String why) {
        events.add("lost " + (endpoint == null ? "all" : endpoint) + ": " + why);
    }

    @Override
    public void problem(String what) {
        events.add("problem: " + what);
    }

    @Override
    public void state(RegistryState state) {
        events.add(state.toString());
    }

    private final class Clock implements ClusterTime {
        @Override
        public long nanoTime() {
            return offset + time.now();
        }

        @Override
        public Runnable schedule(long nanos, Runnable task) {
            boolean[] cancelled = new boolean[1];
            time.after(nanos, () -> {
                if (!cancelled[0]) task.run();
            });
            return () -> cancelled[0] = true;
        }

        @Override
        public void execute(Runnable task) {
            time.after(0, task);
        }
    }
}
