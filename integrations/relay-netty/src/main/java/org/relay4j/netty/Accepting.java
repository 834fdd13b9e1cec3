package org.relay4j.netty;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.yamux.Stream;

/**
 * The thread that waits for the visitors of one server channel and hands them to its event loop. It accepts at most {@value
 * #AHEAD} visitors before the pipeline reads them; the others stay in the acceptor's backlog, which has a bound of its own.
 */
final class Accepting {
    static final int AHEAD = 16;

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
        } catch (InterruptedException | RejectedExecutionException e) {
            // The channel is closed, or its event loop has ended.
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

    private void handOver(Stream stream) {
        try {
            channel.eventLoop().execute(() -> channel.arrived(stream));
        } catch (RejectedExecutionException e) {
            stream.reset();
            throw e;
        }
    }

    private void report(IOException failure) {
        try {
            channel.eventLoop().execute(() -> channel.failed(failure));
        } catch (RejectedExecutionException e) {
            // The event loop closed the channel before it ended.
        }
    }
}
