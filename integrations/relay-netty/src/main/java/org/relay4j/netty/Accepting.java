package org.relay4j.netty;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.yamux.Stream;

/**
 * The thread that waits for the visitors of one server channel and hands them to its event loop. It accepts at most {@value
 * #AHEAD} visitors before the pipeline reads them; the others stay in the acceptor's backlog, which has a bound of its own.
 */
final class Accepting {
    static final int AHEAD = 16;

    private static final long PAUSE = 10_000_000; // ns
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final RelayAcceptor acceptor;
    private final RelayServerChannel channel;
    private final Semaphore room = new Semaphore(AHEAD);
    private final Thread thread;

    Accepting(RelayAcceptor acceptor, RelayServerChannel channel) {
        this.acceptor = acceptor;
        this.channel = channel;
        thread = new Thread(this::run, "relay-netty-accept-" + COUNT.incrementAndGet());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Notes that the pipeline has read one visitor. */
    void taken() {
        room.release();
    }

    /** Stops the thread. Does not wait for its end. */
    void stop() {
        thread.interrupt();
    }

    private void run() {
        try {
            while (true) {
                room.acquire();
                handOver(accept());
            }
        } catch (InterruptedException e) {
            // The channel is closed.
        } catch (IOException e) {
            report(e);
        }
    }

    private Stream accept() throws IOException {
        while (true) {
            try {
                return acceptor.acceptStream();
            } catch (SocketTimeoutException e) {
                // The application set a timeout on the acceptor; a channel has none.
            }
        }
    }

    /** Resets the visitor if the event loop is overloaded, that is, if it has a bounded queue of tasks that is full. */
    private void handOver(Stream stream) {
        try {
            channel.eventLoop().execute(() -> channel.arrived(stream));
        } catch (RejectedExecutionException e) {
            stream.reset();
            room.release();
        }
    }

    /** Waits while the event loop is overloaded. One that has ended closed the channel before. */
    private void report(IOException failure) {
        while (!channel.eventLoop().isShuttingDown()) {
            try {
                channel.eventLoop().execute(() -> channel.failed(failure));
                return;
            } catch (RejectedExecutionException e) {
                LockSupport.parkNanos(PAUSE);
            }
        }
    }
}
