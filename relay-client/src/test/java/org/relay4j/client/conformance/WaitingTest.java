package org.relay4j.client.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.Visitor;

/** What ends a wait: a timeout, another thread that closes, an interrupt. */
class WaitingTest extends ConnectedConformance {
    // ---- timeouts

    @Test
    void readTimesOutAndWorksLater() throws IOException {
        accepted.setSoTimeout(1);
        for (int i = 0; i < 3; i++) {
            SocketTimeoutException failure = assertThrows(SocketTimeoutException.class, in::read);
            assertEquals("Read timed out", failure.getMessage());
            assertEquals(0, failure.bytesTransferred);
        }
        assertThrows(SocketTimeoutException.class, () -> in.read(new byte[10]));
        assertThrows(SocketTimeoutException.class, () -> in.skip(1));
        assertFalse(accepted.isClosed());
        assertTrue(accepted.isConnected());
        accepted.setSoTimeout((int) Await.DEADLINE.toMillis());
        Visitor.send(visitor, "late");
        Visitor.expect(accepted, "late");
        Visitor.send(accepted, "never mind");
        Visitor.expect(visitor, "never mind");
        visitor.shutdownOutput();
        assertEquals(-1, in.read());
    }

    @Test
    void timeoutDoesNotTouchWhatHasArrived() throws IOException {
        Visitor.send(visitor, "ab");
        Await.until("it has arrived", () -> in.available() == 2);
        accepted.setSoTimeout(1);
        assertEquals('a', in.read());
        assertEquals(1, in.read(new byte[8]));
        assertThrows(SocketTimeoutException.class, in::read);
        assertEquals(0, in.read(new byte[0]));
    }

    @Test
    void timeoutIsThatOfTheTimeOfTheCall() throws IOException {
        Call<Integer> reading = call(in::read).awaitBlocked();
        accepted.setSoTimeout(1);
        Visitor.send(visitor, "x");
        assertEquals('x', reading.result());
        assertThrows(SocketTimeoutException.class, in::read);
    }

    @Test
    void dataMayComeWhileATimeoutRuns() throws IOException {
        accepted.setSoTimeout((int) Await.DEADLINE.toMillis());
        Call<byte[]> reading = call(() -> in.readNBytes(2)).awaitBlocked();
        Visitor.send(visitor, "a");
        Visitor.send(visitor, "b");
        assertEquals(2, reading.result().length);
    }

    @Test
    void closeEndsAReadThatHasATimeout() throws IOException {
        accepted.setSoTimeout((int) Await.DEADLINE.toMillis());
        Call<Integer> reading = call(in::read).awaitBlocked();
        accepted.close();
        assertEquals("Socket closed", reading.failure(SocketException.class).getMessage());
    }

    // ---- other threads

    @Test
    void closeWakesTheReader() throws IOException {
        Call<Integer> reading = call(in::read).awaitBlocked();
        accepted.close();
        assertEquals("Socket closed", reading.failure(SocketException.class).getMessage());
        Visitor.expectEnd(visitor);
    }

    @Test
    void closeOfAStreamWakesTheReader() throws IOException {
        Call<Integer> reading = call(in::read).awaitBlocked();
        out.close();
        assertEquals("Socket closed", reading.failure(SocketException.class).getMessage());
    }

    @Test
    void closeWakesTheWriter() throws IOException {
        Call<Void> writing = writeUntilItWaits();
        accepted.close();
        assertEquals("Socket closed", writing.failure(SocketException.class).getMessage());
    }

    @Test
    void shutdownOutputWakesTheWriter() throws IOException {
        Call<Void> writing = writeUntilItWaits();
        accepted.shutdownOutput();
        writing.failure(SocketException.class);
        assertFalse(accepted.isClosed());
    }

    @Test
    void resetWakesTheWriter() throws IOException {
        Call<Void> writing = writeUntilItWaits();
        Visitor.reset(visitor);
        writing.failure(SocketException.class);
    }

    @Test
    void readerAndWriterWaitSideBySide() throws IOException {
        Call<Integer> reading = call(in::read).awaitBlocked();
        Call<Void> writing = writeUntilItWaits();
        Visitor.send(visitor, "x");
        assertEquals('x', reading.result());
        assertFalse(writing.isDone());
        accepted.close();
        writing.failure(SocketException.class);
    }

    // ---- interrupts

    @Test
    void interruptOfAReader() throws IOException {
        Call<Integer> reading = call(in::read).awaitBlocked();
        reading.interrupt();
        if (setting.virtual()) {
            reading.failure(SocketException.class);
            assertTrue(reading.endedInterrupted());
            assertTrue(accepted.isClosed());
            return;
        }
        if (differs(Difference.INTERRUPT)) {
            reading.failure(InterruptedIOException.class);
            assertTrue(reading.endedInterrupted());
            reading = call(in::read);
        }
        reading.awaitBlocked();
        assertFalse(accepted.isClosed());
        Visitor.send(visitor, "x");
        assertEquals('x', reading.result());
    }

    @Test
    void interruptOfAWriter() throws IOException {
        Call<Void> writing = writeUntilItWaits();
        writing.interrupt();
        if (setting.virtual()) {
            writing.failure(SocketException.class);
            assertTrue(writing.endedInterrupted());
            assertTrue(accepted.isClosed());
        } else if (differs(Difference.INTERRUPT)) {
            writing.failure(InterruptedIOException.class);
            assertTrue(writing.endedInterrupted());
            assertFalse(accepted.isClosed());
        } else {
            writing.awaitBlocked();
            accepted.close();
            writing.failure(SocketException.class);
        }
    }

    @Test
    void interruptOfAnAcceptor() throws IOException {
        Call<Socket> accepting = call(this::accept).awaitBlocked();
        accepting.interrupt();
        if (differs(Difference.INTERRUPT)) {
            accepting.failure(InterruptedIOException.class);
            assertTrue(accepting.endedInterrupted());
            accepting = call(this::accept);
        } else if (setting.virtual()) {
            accepting.failure(SocketException.class);
            assertTrue(accepting.endedInterrupted());
            assertTrue(listener.isClosed());
            return;
        }
        accepting.awaitBlocked();
        assertFalse(listener.isClosed());
        visit();
        accepting.result();
    }

    @Test
    void interruptedThreadGetsWhatIsThere() throws IOException {
        Visitor.send(visitor, "x");
        Await.until("it has arrived", () -> in.available() == 1);
        Call<Integer> reading = call(() -> {
            Thread.currentThread().interrupt();
            out.write('y');
            return in.read();
        });
        assertEquals('x', reading.result());
        assertTrue(reading.endedInterrupted());
        Visitor.expect(visitor, "y");
        assertFalse(accepted.isClosed());
    }

    private Call<Void> writeUntilItWaits() {
        AtomicLong written = new AtomicLong();
        Call<Void> writing = run(() -> {
            for (byte[] piece = new byte[64 * 1024]; ; written.addAndGet(piece.length)) out.write(piece);
        });
        long[] seen = {-1, 0}; // bytes, and how often in turn
        Await.until("nothing more can be written", () -> {
            long now = written.get();
            seen[1] = now == seen[0] && now > 0 ? seen[1] + 1 : 0;
            seen[0] = now;
            return seen[1] > 30;
        });
        return writing.awaitBlocked();
    }
}
