package org.relay4j.interop;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.relay4j.yamux.Session;

/**
 * The behaviours of {@code interop/go/README.md} in Java, on every connection that a source gives: E, S, G, L and R. {@code
 * K} and {@code C} send what they have to and then reset their connection.
 */
final class BehaviourServer implements AutoCloseable {
    /** Where connections come from. */
    interface Source extends AutoCloseable {
        Socket accept() throws IOException;

        @Override
        void close() throws IOException;
    }

    private static final int SLOW_CHUNK = 4 * 1024; // bytes
    private static final long SLOW_MOST = 4L << 20; // bytes
    private static final long SLOW_PAUSE = TimeUnit.MILLISECONDS.toNanos(1);

    private final Source source;
    private final BlockingQueue<IOException> failures = new LinkedBlockingQueue<>();

    private BehaviourServer(Source source) {
        this.source = source;
        thread("interop-accept", this::acceptAll).start();
    }

    /** Serves a local service's port, or a public one. Closing this closes that. */
    static BehaviourServer on(ServerSocket listener) {
        return new BehaviourServer(new Source() {
            @Override
            public Socket accept() throws IOException {
                return listener.accept();
            }

            @Override
            public void close() throws IOException {
                listener.close();
            }
        });
    }

    /** Serves the streams that the peer opens. Closing this closes the session. */
    static BehaviourServer on(Session session) {
        return new BehaviourServer(new Source() {
            @Override
            public Socket accept() throws IOException {
                return session.accept().asSocket();
            }

            @Override
            public void close() {
                session.close();
            }
        });
    }

    /** A listener for {@link #on(ServerSocket)} whose backlog has room for a thousand connections. */
    static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 2000, InetAddress.getLoopbackAddress());
    }

    /** Waits for the next connection that has failed. */
    IOException awaitFailure() throws InterruptedException {
        IOException failure = failures.poll(Visitor.DEADLINE, TimeUnit.MILLISECONDS);
        if (failure == null) throw new AssertionError("no connection has failed");
        return failure;
    }

    /** Connections that have failed and not been waited for. */
    int failureCount() {
        return failures.size();
    }

    @Override
    public void close() throws IOException {
        source.close();
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket socket = source.accept();
                thread("interop-service", () -> serveOne(socket)).start();
            }
        } catch (IOException e) {
            failures.add(e); // the end of the source
        }
    }

    private void serveOne(Socket socket) {
        try {
            serve(socket);
            socket.close();
        } catch (IOException e) {
            failures.add(e);
            reset(socket);
        }
    }

    private static void serve(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        switch (in.read()) {
            case 'E' -> {
                in.transferTo(out);
                socket.shutdownOutput();
            }
            case 'S' -> sink(in, out);
            case 'G' -> generate(socket, in, out);
            case 'L' -> readSlowly(socket, in, out);
            case 'R' -> {
                if (in.read() >= 0) reset(socket);
            }
            case 'K', 'C' -> {
                out.write(Xorshift.bytes(Visitor.CUT_SEED, Visitor.CUT_BYTES));
                reset(socket);
            }
            default -> socket.shutdownOutput();
        }
    }

    private static void sink(InputStream in, OutputStream out) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
        long length = new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
        DataOutputStream reply = new DataOutputStream(out);
        reply.writeLong(length);
        reply.write(digest.digest());
    }

    private static void generate(Socket socket, InputStream in, OutputStream out) throws IOException {
        DataInputStream request = new DataInputStream(in);
        long left = request.readLong();
        Xorshift source = new Xorshift(request.readLong());
        byte[] piece = new byte[64 * 1024];
        while (left > 0) {
            int part = (int) Math.min(left, piece.length);
            source.next(piece, part);
            out.write(piece, 0, part);
            left -= part;
        }
        socket.shutdownOutput();
        in.transferTo(OutputStream.nullOutputStream());
    }

    private static void readSlowly(Socket socket, InputStream in, OutputStream out) throws IOException {
        long length = 0;
        for (int part; length < SLOW_MOST && (part = in.readNBytes(SLOW_CHUNK).length) > 0; length += part) {
            LockSupport.parkNanos(SLOW_PAUSE); // being slow is the purpose, nothing is waited for
        }
        new DataOutputStream(out).writeLong(length);
        socket.shutdownOutput();
        in.transferTo(OutputStream.nullOutputStream());
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Thread thread(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }
}
