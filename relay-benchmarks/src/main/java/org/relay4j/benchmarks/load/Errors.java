package org.relay4j.benchmarks.load;

/** The failures of a run: how many, and the first one's text. Safe for several threads. */
final class Errors {
    private int count; // guarded by this
    private String first = ""; // guarded by this

    synchronized void add(Exception cause) {
        if (count == 0) {
            first = cause.toString();
        }
        count++;
    }

    synchronized void add(Errors others) {
        if (count == 0) {
            first = others.first();
        }
        count += others.count();
    }

    private synchronized String first() {
        return first;
    }

    synchronized int count() {
        return count;
    }

    synchronized void report(Json json) {
        json.put("errors", count);
        if (count > 0) {
            json.put("error", first);
        }
    }
}
