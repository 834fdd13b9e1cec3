package org.relay4j.benchmarks.load;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** The number of failures of a run, and the text of the first one. Thread-safe. */
public final class Errors {
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicReference<String> first = new AtomicReference<>("");

    public void add(Exception cause) {
        first.compareAndSet("", cause.toString());
        count.incrementAndGet();
    }

    void add(Errors others) {
        first.compareAndSet("", others.first.get());
        count.addAndGet(others.count());
    }

    public int count() {
        return count.get();
    }

    /** Returns the text of the first one; empty if there are none. */
    public String first() {
        return first.get();
    }

    void report(Json json) {
        json.put("errors", count());
        if (count() > 0) {
            json.put("error", first.get());
        }
    }
}
