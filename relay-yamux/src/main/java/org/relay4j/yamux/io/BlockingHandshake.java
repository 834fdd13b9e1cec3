package org.relay4j.yamux.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;

/** Performs a TLS handshake on the calling thread, before the wire is passed to a loop. */
public final class BlockingHandshake {
    private BlockingHandshake() {}

    /**
     * Performs the handshake. Blocks until it is complete, at most {@code nanos} nanoseconds. If it fails, the caller closes
     * the wire.
     *
     * @param wire non-blocking and not registered with a loop
     * @throws javax.net.ssl.SSLException if the handshake fails
     * @throws SocketTimeoutException if the timeout expires
     * @throws InterruptedIOException if the thread is interrupted; its interrupt flag stays set
     */
    public static void run(TlsWire wire, long nanos) throws IOException {
        long start = System.nanoTime();
        try (Selector selector = Selector.open()) {
            SelectionKey key = wire.channel().register(selector, 0);
            while (true) {
                switch (wire.handshake()) {
                    case DONE -> {
                        return;
                    }
                    case TASK -> wire.task().run();
                    case READ -> key.interestOps(SelectionKey.OP_READ);
                    case WRITE -> key.interestOps(SelectionKey.OP_WRITE);
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("interrupted during the TLS handshake");
                }
                long left = nanos - (System.nanoTime() - start);
                if (left <= 0) {
                    throw new SocketTimeoutException(
                            "the peer did not complete the TLS handshake within " + nanos / 1_000_000 + " ms");
                }
                if (key.interestOps() != 0) selector.select(left / 1_000_000 + 1);
                if (!key.isValid()) throw new ClosedChannelException(); // another thread has closed it
                key.interestOps(0);
            }
        }
    }
}
