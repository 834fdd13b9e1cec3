package org.relay4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.Pattern;

/** A visitor of an echo service whose bytes go there and back all the time, and are checked. */
final class SteadyVisitor implements AutoCloseable {
    private static final byte[] BYTES = Pattern.bytes(7, 1_000_003);

    private final Socket visitor;
    private final Call<Void> writing;
    private final Call<Void> reading;
    private final AtomicLong received = new AtomicLong(); // bytes
    private volatile boolean closing;

    SteadyVisitor(int port) throws IOException {
        visitor = Echo.visitor(port);
        writing = Call.runOnPlatformThread(this::write);
        reading = Call.runOnPlatformThread(this::read);
    }

    private void write() throws IOException {
        OutputStream out = visitor.getOutputStream();
        while (!closing) out.write(BYTES);
        visitor.shutdownOutput();
    }

    private void read() throws IOException {
        InputStream in = visitor.getInputStream();
        byte[] buffer = new byte[256 * 1024];
        int at = 0; // in BYTES
        for (int length; (length = in.read(buffer, 0, Math.min(buffer.length, BYTES.length - at))) >= 0; ) {
            if (!Arrays.equals(buffer, 0, length, BYTES, at, at + length)) throw new IOException("a byte is wrong");
            at = (at + length) % BYTES.length;
            received.addAndGet(length);
        }
        if (!closing || at != 0) throw new IOException("ended early");
    }

    long received() {
        return received.get();
    }

    /** Waits until that many further bytes have come back. */
    void awaitBytes(long more) {
        long target = received.get() + more;
        Await.until("the steady visitor gets on", () -> {
            if (reading.isDone()) reading.result();
            return received.get() >= target;
        });
    }

    /** Ends it; all bytes must have come back. */
    @Override
    public void close() throws IOException {
        closing = true;
        try (visitor) {
            writing.result();
            reading.result();
        }
    }
}
