package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A thread that keeps connections busy until it is stopped, and counts from a given time. */
abstract class Traffic extends Thread {
    private static final long END_MILLIS = 5000;

    final List<SocketChannel> channels = new ArrayList<>();
    volatile boolean counting;
    volatile boolean stopped;
    private final CountDownLatch broken; // counted down if this thread ends before it is stopped
    private final Errors errors = new Errors();

    Traffic(String name, CountDownLatch broken) {
        super(name);
        this.broken = broken;
        setDaemon(true);
    }

    /** Loads the connections until {@link #stopped}. */
    abstract void load() throws IOException;

    /** Adds the results. Must be called after the thread has ended. */
    abstract void report(Json json, double seconds);

    @Override
    public final void run() {
        try {
            load();
        } catch (IOException | RuntimeException e) {
            errors.add(e);
        }
        channels.forEach(Sockets::close);
        if (!stopped) {
            broken.countDown();
        }
    }

    final void finish() throws InterruptedException {
        stopped = true;
        join(END_MILLIS);
    }

    final Errors errors() {
        return errors;
    }
}
