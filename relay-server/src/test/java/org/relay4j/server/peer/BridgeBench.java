package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;

/**
 * Visitors at an entry node, the link to the node of the tunnel, its bridges, the tunnel, and its client: four cores on one thread,
 * whose bytes move when the test says so.
 */
final class BridgeBench {
    static final int MOST = 1 << 20; // bytes; moved in one go

    final ArrayDeque<Runnable> tasks = new ArrayDeque<>(); // of the loop
    final MeteredBuffers buffers = new MeteredBuffers(); // of the node with the bridges
    final List<PeerBridge> bridges = new ArrayList<>();
    final List<BridgeParty> visitors = new ArrayList<>(); // at the entry node
    final List<@Nullable BridgeParty> services = new ArrayList<>(); // at the client, by the number of the visitor
    final List<String> ends = new ArrayList<>(); // of bridges: "clean" or the failure
    final Multiplexer entry;
    final ScriptedDriver peer;
    final ScriptedDriver tunnel;
    final Multiplexer client;
    Consumer<PeerBridge> decision = this::join;
    private final ArrayDeque<PeerBridge> waiting = new ArrayDeque<>(); // for room in the tunnel
    private int joined;

    BridgeBench() {
        this(PeerOptions.core(), CoreOptions.defaults());
    }

    BridgeBench(CoreOptions link, CoreOptions ofTunnel) {
        entry = new Multiplexer(Role.CLIENT, link, new MeteredBuffers(), new Events(stream -> null), System.nanoTime());
        peer = new ScriptedDriver(Role.SERVER, link, buffers, new Events(this::arrived), tasks);
        tunnel = new ScriptedDriver(Role.CLIENT, ofTunnel, buffers, new Events(stream -> null), tasks);
        client = new Multiplexer(
                Role.SERVER, ofTunnel, new MeteredBuffers(), new Events(this::serve), System.nanoTime());
    }

    // ---- what happens

    BridgeParty visit() {
        BridgeParty visitor = new BridgeParty(2 * visitors.size(), 2 * visitors.size() + 1);
        MuxStream opened = entry.open(visitor, System.nanoTime());
        if (opened == null) throw new AssertionError("no stream");
        visitor.stream = opened;
        visitors.add(visitor);
        services.add(null);
        return visitor;
    }

    BridgeParty service(int number) {
        BridgeParty service = services.get(number);
        if (service == null) throw new AssertionError("visitor " + number + " has not arrived");
        return service;
    }

    private StreamHandler arrived(MuxStream stream) {
        PeerBridge bridge = new PeerBridge(peer, stream);
        bridges.add(bridge);
        tasks.add(() -> {
            if (!bridge.isOver()) decision.accept(bridge);
        });
        return bridge.visitorSide();
    }

    /** The streams of a client begin with the number of the visitor, which counts as a header. */
    private void join(PeerBridge bridge) {
        byte[] number = {(byte) bridges.indexOf(bridge)};
        boolean decided = bridge.join(
                tunnel, number, (ended, failure) -> ends.add(failure == null ? "clean" : failure.getMessage()));
        if (decided) joined++;
        else waiting.add(bridge);
    }

    private StreamHandler serve(MuxStream stream) {
        return new Numbered();
    }

    /** Waits for the number of the visitor. */
    private final class Numbered implements StreamHandler {
        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            int number = payload.get();
            BridgeParty service = new BridgeParty(2 * number + 1, 2 * number);
            service.stream = stream;
            services.set(number, service);
            stream.handler(service);
            stream.accept();
            service.onData(stream, payload);
        }

        @Override
        public void onBuffered(MuxStream stream) {}

        @Override
        public void onFin(MuxStream stream) {}

        @Override
        public void onReset(MuxStream stream, Cause cause) {}

        @Override
        public void onWritable(MuxStream stream) {}
    }

    // ---- moving

    void runTasks() {
        for (Runnable task; (task = tasks.poll()) != null; ) task.run();
    }

    /** Those that found no room in the tunnel try again. */
    void retry() {
        for (int n = waiting.size(); n > 0; n--) {
            PeerBridge bridge = waiting.remove();
            if (!bridge.isOver()) join(bridge);
            else joined++; // its owner has learned of it
        }
    }

    /** Moves at most so many bytes in one of the four directions. Returns how many. */
    int move(int direction, int most) {
        return switch (direction) {
            case 0 -> peer.transferFrom(entry, most);
            case 1 -> tunnel.transferTo(client, most);
            case 2 -> tunnel.transferFrom(client, most);
            default -> peer.transferTo(entry, most);
        };
    }

    /** Moves bytes and runs tasks until nothing is left to do. */
    void settle() {
        int moved;
        do {
            retry();
            runTasks();
            moved = 0;
            for (int direction = 0; direction < 4; direction++) moved += move(direction, MOST);
        } while (moved > 0 || !tasks.isEmpty());
    }

    int joined() {
        return joined;
    }

    /** The events of a session. */
    private record Events(java.util.function.Function<MuxStream, @Nullable StreamHandler> streams)
            implements SessionEvents {
        @Override
        public @Nullable StreamHandler onStream(MuxStream stream) {
            return streams.apply(stream);
        }

        @Override
        public void onOpenable() {}

        @Override
        public void onPong(long roundTrip) {}

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {}
    }
}
