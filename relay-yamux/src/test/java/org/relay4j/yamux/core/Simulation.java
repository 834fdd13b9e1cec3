package org.relay4j.yamux.core;

import java.util.SplittableRandom;
import org.relay4j.yamux.core.Conditions.Kind;

/**
 * A whole session between two cores over a simulated connection, with a clock that only it moves. Everything that happens
 * follows from the seed.
 */
final class Simulation {
    private static final long MILLISECOND = 1_000_000;

    private final SplittableRandom random;
    private final Conditions conditions;
    private final SimulatedWire toServer;
    private final SimulatedWire toClient;
    private final SimulatedEnd client;
    private final SimulatedEnd server;
    private long now; // ns
    private long lastTick; // ns
    private boolean cut;

    Simulation(Kind kind, long seed) {
        random = new SplittableRandom(seed * 31 + kind.name().hashCode());
        conditions = Conditions.of(kind, random);
        toServer = new SimulatedWire(conditions.capacity());
        toClient = new SimulatedWire(conditions.capacity());
        client = new SimulatedEnd(Role.CLIENT, conditions, random, () -> now, toServer, toClient);
        server = new SimulatedEnd(Role.SERVER, conditions, random, () -> now, toClient, toServer);
    }

    /** Runs it, and throws an error when anything is not as it should be. Returns the bytes that arrived. */
    long run() {
        int middle = random.nextInt(conditions.steps());
        for (int step = 0; step < conditions.steps(); step++) {
            if (step == middle) disturb();
            step();
            if (step % 8 == 0) check();
        }
        toServer.stalled = false;
        toClient.stalled = false;
        finish();
        verify(client, server);
        verify(server, client);
        long received = 0;
        for (SimulatedStream stream : client.streams.values()) received += stream.received;
        for (SimulatedStream stream : server.streams.values()) received += stream.received;
        return received;
    }

    private void step() {
        SimulatedEnd end = random.nextBoolean() ? client : server;
        switch (random.nextInt(12)) {
            case 0 -> end.open();
            case 1, 2, 3, 4, 5 -> end.act();
            case 6, 7 -> end.send(now, delay());
            case 8, 9 -> end.receive(now);
            case 10 -> pass(random.nextLong(conditions.longestDelay()));
            default -> stall();
        }
    }

    private void stall() {
        if (conditions.kind() != Kind.STALLED) return;
        SimulatedWire wire = random.nextBoolean() ? toServer : toClient;
        wire.stalled = random.nextInt(8) != 0;
    }

    /** What is special about some sessions. */
    private void disturb() {
        SimulatedEnd end = random.nextBoolean() ? client : server;
        if (conditions.kind() == Kind.DRAINED) end.mux.drain(random.nextBoolean());
        if (conditions.kind() != Kind.CUT) return;
        if (random.nextBoolean()) end.mux.close();
        else cut = true;
    }

    private void pass(long nanos) {
        now += nanos;
        if (now - lastTick < 500 * MILLISECOND) return;
        lastTick = now;
        client.mux.tick(now);
        server.mux.tick(now);
    }

    private long delay() {
        return random.nextLong(conditions.longestDelay());
    }

    /** Lets both ends finish; a stream that makes no progress then is starved. */
    private void finish() {
        if (cut) hangUp();
        for (int round = 0; round < 200_000; round++) {
            client.finish();
            server.finish();
            client.send(now, 0);
            server.send(now, 0);
            client.receive(now);
            server.receive(now);
            if (round % 64 == 0) check();
            if (isQuiet()) {
                boolean done = client.mux.streamCount() + server.mux.streamCount() == 0;
                if (done && client.live.isEmpty() && server.live.isEmpty()) return;
                if (client.ended != null || server.ended != null) hangUp();
                pass(500 * MILLISECOND);
            } else {
                long due = Math.min(toServer.nextDue(), toClient.nextDue());
                if (due > now && due < Long.MAX_VALUE) pass(due - now);
            }
            if (now > 3_600_000 * MILLISECOND) break;
        }
        throw new AssertionError("starved after " + now / MILLISECOND + " ms:\n" + client + "\n" + server);
    }

    private boolean isQuiet() {
        return !client.hasOutput() && !server.hasOutput() && toServer.isEmpty() && toClient.isEmpty();
    }

    /** The connection ends for both. */
    private void hangUp() {
        client.mux.endOfInput();
        server.mux.endOfInput();
        client.drop();
        server.drop();
        while (!toServer.isEmpty()) toServer.deliver(Integer.MAX_VALUE, Long.MAX_VALUE);
        while (!toClient.isEmpty()) toClient.deliver(Integer.MAX_VALUE, Long.MAX_VALUE);
    }

    private void check() {
        client.checkAccounts();
        server.checkAccounts();
        boolean mayEnd = conditions.kind() == Kind.CUT || conditions.kind() == Kind.DRAINED;
        if (!mayEnd && client.ended != null) throw new AssertionError("the session ended: " + client);
        if (!mayEnd && server.ended != null) throw new AssertionError("the session ended: " + server);
    }

    /** What one end received is what the other has sent. */
    private void verify(SimulatedEnd sender, SimulatedEnd receiver) {
        sender.drop();
        sender.checkEmpty();
        for (SimulatedStream from : sender.streams.values()) {
            SimulatedStream to = receiver.streams.get(from.core.id());
            if (to == null) {
                if (from.received > 0 || from.finSeen) throw new AssertionError("a stream without a peer: " + from);
                continue;
            }
            String both = "\n" + from + "\n" + to;
            if (to.received > from.sent) throw new AssertionError("more than was sent:" + both);
            if (to.finSeen && !from.closedWrite) throw new AssertionError("FIN that was not sent:" + both);
            if (to.endSeenAt >= 0 && to.endSeenAt != from.sent) throw new AssertionError("torso:" + both);
            boolean undisturbed = !from.closedRead && !to.closedRead && from.resetSeen == null && to.resetSeen == null;
            if (undisturbed && to.endSeenAt < 0) throw new AssertionError("no end:" + both);
            if (undisturbed && to.received != from.sent) throw new AssertionError("not all arrived:" + both);
        }
    }
}
