package org.relay4j.server.cluster;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/** Lets one thing after the other be done with a tunnel. Confined to the executor of the node. */
final class Turns {
    /** Maximum number of things that wait for one tunnel. */
    static final int MOST_WAITING = 64;

    private final Map<String, ArrayDeque<Runnable>> busy = new HashMap<>(); // what waits, by tunnel

    /** Begins if nothing is being done with the tunnel. {@link #end} is to follow. */
    boolean tryBegin(String tunnel) {
        return busy.putIfAbsent(tunnel, new ArrayDeque<>(0)) == null;
    }

    /** Returns whether nothing is being done with the tunnel. */
    boolean isFree(String tunnel) {
        return !busy.containsKey(tunnel);
    }

    /**
     * Begins when nothing is being done with the tunnel any more. {@link #end} is to follow.
     *
     * @return false if too many wait already; the task is not run then
     */
    boolean begin(String tunnel, Runnable task) {
        ArrayDeque<Runnable> waiting = busy.get(tunnel);
        if (waiting == null) {
            busy.put(tunnel, new ArrayDeque<>(0));
            task.run();
            return true;
        }
        if (waiting.size() == MOST_WAITING) return false;
        waiting.addLast(task);
        return true;
    }

    void end(String tunnel) {
        ArrayDeque<Runnable> waiting = busy.get(tunnel);
        if (waiting == null) return;
        Runnable next = waiting.pollFirst();
        if (next == null) {
            busy.remove(tunnel);
        } else {
            next.run();
        }
    }
}
