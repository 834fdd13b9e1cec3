package org.relay4j.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * An exchange with an echo that sends each piece only after the previous one was echoed. It completes only if both
 * directions work at the same time.
 */
public final class LockStep {
    /** The number of bytes in each direction. */
    public static final int LENGTH = 100_000;

    private static final int PIECE = 1_000; // bytes
    private static final int DEADLINE = 20; // seconds

    private final byte[] sent = Pattern.bytes(4, LENGTH);
    private final Semaphore allowed = new Semaphore(1); // pieces that may be sent

    /** Sends all pieces and leaves the stream open. */
    public void send(OutputStream to) throws IOException {
        for (int at = 0; at < LENGTH; at += PIECE) {
            awaitEcho(at);
            to.write(sent, at, PIECE);
            to.flush();
        }
    }

    /** Receives all pieces and then the end of the stream. */
    public void receive(InputStream from) throws IOException {
        for (int at = 0; at < LENGTH; at += PIECE) {
            byte[] expected = java.util.Arrays.copyOfRange(sent, at, at + PIECE);
            assertArrayEquals(expected, from.readNBytes(PIECE));
            allowed.release();
        }
        assertEquals(-1, from.read());
    }

    private void awaitEcho(int at) throws IOException {
        try {
            if (!allowed.tryAcquire(DEADLINE, TimeUnit.SECONDS)) throw new IOException("no echo before byte " + at);
        } catch (InterruptedException e) {
            throw new InterruptedIOException("interrupted before byte " + at);
        }
    }
}
