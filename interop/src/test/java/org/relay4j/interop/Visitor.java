package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A connection to a service that offers the behaviours of {@code interop/go/README.md}: a visitor of a public port, or a
 * yamux stream. Every byte that arrives is compared, and no call waits for ever.
 */
final class Visitor implements Closeable {
    static final int MIB = 1 << 20;

    /** What {@code K} and {@code C} send before they break off, and from which seed. */
    static final int CUT_BYTES = 100_000;

    static final int CUT_SEED = 1;

    /** Longer than any healthy run waits, on a machine under load. */
    static final int DEADLINE = 30_000; // ms

    private static final int PIECE = 48 * 1024; // bytes; no divisor of any window or frame

    private static final ExecutorService SENDERS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "interop-sender");
        thread.setDaemon(true);
        return thread;
    });

    final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    Visitor(Socket socket) throws IOException {
        this.socket = socket;
        if (socket.getSoTimeout() == 0) socket.setSoTimeout(DEADLINE);
        in = socket.getInputStream();
        out = socket.getOutputStream();
    }

    /** Connects to a public port of this machine. */
    static Socket connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), DEADLINE);
        return socket;
    }

    /** Runs {@code task} beside the calling thread. */
    static <T> Future<T> beside(Callable<T> task) {
        return SENDERS.submit(task);
    }

    /** The result of {@link #beside}; its failure is this thread's. */
    static <T> T join(Future<T> task) throws Exception {
        return task.get(DEADLINE, TimeUnit.MILLISECONDS);
    }

    // ---- sending

    /** Chooses a behaviour. */
    void request(char behaviour, byte... more) throws IOException {
        byte[] request = Arrays.copyOf(new byte[] {(byte) behaviour}, 1 + more.length);
        System.arraycopy(more, 0, request, 1, more.length);
        out.write(request);
    }

    /** Asks for {@code length} bytes that begin with {@code seed}. */
    void requestGenerated(long length, long seed) throws IOException {
        request('G', ByteBuffer.allocate(16).putLong(length).putLong(seed).array());
    }

    void send(Xorshift source, int length) throws IOException {
        byte[] piece = new byte[PIECE];
        for (int left = length; left > 0; ) {
            int part = Math.min(left, PIECE);
            source.next(piece, part);
            out.write(piece, 0, part);
            left -= part;
        }
    }

    /** FIN: nothing more is sent. */
    void end() throws IOException {
        socket.shutdownOutput();
    }

    /** RST. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    // ---- receiving

    void expect(byte... expected) throws IOException {
        assertArrayEquals(expected, in.readNBytes(expected.length));
    }

    void expect(Xorshift expected, long length) throws IOException {
        byte[] got = new byte[PIECE];
        byte[] want = new byte[PIECE];
        for (long at = 0; at < length; ) {
            int part = in.read(got, 0, (int) Math.min(PIECE, length - at));
            if (part < 0) throw new AssertionError("end after " + at + " of " + length + " bytes");
            expected.next(want, part);
            if (!Arrays.equals(got, 0, part, want, 0, part)) {
                throw new AssertionError("wrong bytes between " + at + " and " + (at + part));
            }
            at += part;
        }
    }

    void expectEnd() throws IOException {
        assertEquals(-1, in.read(), "the end of the stream");
    }

    /** Reads until the connection fails, as it must do: an end would make a cut look like a complete reply. */
    long expectReset(Xorshift expected) throws IOException {
        byte[] got = new byte[PIECE];
        byte[] want = new byte[PIECE];
        long at = 0;
        try {
            for (int part; (part = in.read(got)) >= 0; at += part) {
                expected.next(want, part);
                if (!Arrays.equals(got, 0, part, want, 0, part)) throw new AssertionError("wrong bytes after " + at);
            }
        } catch (SocketException e) {
            return at;
        }
        throw new AssertionError("a clean end after " + at + " bytes, where a reset was to come");
    }

    /** The rest as text. */
    String rest() throws IOException {
        return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }

    // ---- whole conversations

    /** Sends {@code size} bytes while they come back, in both directions to the end. */
    void echo(int size, long seed) throws Exception {
        request('E');
        Future<Void> sent = beside(() -> {
            send(new Xorshift(seed), size);
            end();
            return null;
        });
        expect(new Xorshift(seed), size);
        expectEnd();
        join(sent);
    }

    /** Ends its direction, and only then is answered. */
    void sink(int size, long seed) throws IOException {
        request('S');
        send(new Xorshift(seed), size);
        end();
        expect(ByteBuffer.allocate(40)
                .putLong(size)
                .put(sha256(Xorshift.bytes(seed, size)))
                .array());
        expectEnd();
    }

    /** Sends many bytes, and gets their digest back. */
    void sinkBulk(Bulk bulk) throws IOException {
        request('S');
        bulk.writeTo(out);
        end();
        expect(ByteBuffer.allocate(40).putLong(bulk.size()).put(bulk.digest()).array());
        expectEnd();
    }

    /** Receives many bytes, which must have the right digest. */
    void generatedBulk(Bulk bulk) throws IOException {
        requestGenerated(bulk.size(), Bulk.SEED);
        end();
        bulk.expectFrom(in);
    }

    /** Goes on sending {@code more} bytes after the other end has ended its direction. */
    void generated(int size, long seed, int more) throws IOException {
        requestGenerated(size, seed);
        expect(new Xorshift(seed), size);
        expectEnd();
        send(new Xorshift(seed), more);
        end();
    }

    static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
