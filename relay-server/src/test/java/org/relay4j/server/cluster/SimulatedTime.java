package org.relay4j.server.cluster;

import java.util.PriorityQueue;
import java.util.Random;

/** True time and everything that is going to happen, in an order that depends on the seed only. */
final class SimulatedTime {
    static final long MILLISECOND = 1_000_000;
    static final long SECOND = 1_000_000_000;

    private record Event(long at, long number, Runnable task) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    final Random random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now = 1; // nanoseconds
    private long count;

    SimulatedTime(long seed) {
        random = new Random(seed);
    }

    long now() {
        return now;
    }

    void after(long nanos, Runnable task) {
        events.add(new Event(now + Math.max(0, nanos), count++, task));
    }

    /** Runs everything that happens in a period; {@code afterEach} after each event. */
    void run(long nanos, Runnable afterEach) {
        long end = now + nanos;
        while (!events.isEmpty() && events.peek().at <= end) {
            Event next = events.poll();
            now = next.at;
            next.task.run();
            afterEach.run();
        }
        now = end;
    }

    long count() {
        return count;
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    long between(long least, long most) {
        return least + (long) (random.nextDouble() * (most - least));
    }
}
