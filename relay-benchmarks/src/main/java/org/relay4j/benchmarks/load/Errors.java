package org.relay4j.benchmarks.load;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** The number of failures of a run, and the text of the first one. Thread-safe. */
final class Errors {
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicReference<String> first = new AtomicReference<>("");

    void add(Exception cause) {
        first.compareAndSet("", cause.toString());
        count.incrementAndGet();
    }

    void add(Errors others) {
        first.compareAndSet("", others.first.get());
        count.addAndGet(others.count());
    }

    int count() {
        return count.get();
    }

    void report(Json json) {
        json.put("errors", count());
        if (count() > 0) {
            json.put("error", first.get());
        }
    }
}
