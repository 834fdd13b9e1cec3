package org.relay4j.conformance;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One TCP connection to the endpoint. A dedicated thread reads continuously, so that the endpoint never blocks on a
 * script that is busy sending. Used by one other thread; any thread may call {@link #close}.
 */
final class Connection implements Closeable {
    /** Maximum number of frames queued for the script. Reading stops while the queue is full. */
    private static final int QUEUED = 100_000;

    /** An arrival: a frame, or the end of the connection with its description. */
    record Arrival(@Nullable Frame frame, String end) {}

    private final Socket socket;
    private final BlockingQueue<Arrival> arrivals = new ArrayBlockingQueue<>(QUEUED);
    private final Thread reader;

    Connection(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        FrameReader frames = new FrameReader(new BufferedInputStream(socket.getInputStream(), 1 << 16));
        reader = new Thread(() -> read(frames), "yamux-conformance-reader");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(FrameReader frames) {
        try {
            arrivals.put(new Arrival(null, readToEnd(frames)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed: no script waits for arrivals
        }
    }

    private String readToEnd(FrameReader frames) throws InterruptedException {
        try {
            for (Frame frame = frames.next(); frame != null; frame = frames.next())
                arrivals.put(new Arrival(frame, ""));
            return "closed the connection";
        } catch (EOFException e) {
            return "closed the connection within a frame: " + e.getMessage();
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            return why.startsWith("declared") ? why : "reset the connection";
        }
    }

    void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** Closes the kit's direction of the connection. */
    void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** Returns the next arrival; null if there was none before {@code deadline}, a value of {@link System#nanoTime}. */
    @Nullable
    Arrival next(long deadline) throws IOException {
        try {
            return arrivals.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
        reader.interrupt();
    }
}
