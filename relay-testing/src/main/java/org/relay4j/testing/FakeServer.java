package org.relay4j.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A server on a local port with the same behaviour for each connection: a fake relay server or a local service. */
public final class FakeServer implements AutoCloseable {
    /** The handling of one connection, which is closed afterwards. */
    @FunctionalInterface
    public interface Behaviour {
        void serve(Socket connection) throws Exception;
    }

    private final ServerSocket listener;
    private final Call<Void> accepting;
    private final List<Call<Void>> calls = new CopyOnWriteArrayList<>();
    private final List<Socket> connections = new CopyOnWriteArrayList<>();
    private final AtomicInteger connected = new AtomicInteger();

    private FakeServer(ServerSocket listener, Behaviour behaviour) {
        this.listener = listener;
        accepting = Call.run(() -> {
            while (true) {
                Socket connection = listener.accept();
                connections.add(connection);
                connected.incrementAndGet();
                calls.add(Call.run(() -> serve(connection, behaviour)));
            }
        });
    }

    public static FakeServer start(Behaviour behaviour) throws IOException {
        return start(InetAddress.getLoopbackAddress(), 0, behaviour);
    }

    public static FakeServer start(InetAddress address, int port, Behaviour behaviour) throws IOException {
        return new FakeServer(new ServerSocket(port, 1_000, address), behaviour);
    }

    /** Starts a server that sends {@code text} and then reads until the peer closes the connection. */
    public static FakeServer saying(String text) throws IOException {
        return start(connection -> {
            connection.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            awaitEnd(connection);
        });
    }

    /** Starts a server that echoes all input. */
    public static FakeServer echoing() throws IOException {
        return start(FakeServer::echo);
    }

    public static void echo(Socket connection) throws IOException {
        connection.getInputStream().transferTo(connection.getOutputStream());
    }

    /** Reads until the peer closes the connection. */
    public static void awaitEnd(Socket connection) throws IOException {
        connection.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    }

    private static void serve(Socket connection, Behaviour behaviour) throws Exception {
        try (connection) {
            connection.setTcpNoDelay(true);
            connection.setSoTimeout((int) Await.DEADLINE.toMillis());
            behaviour.serve(connection);
        }
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Returns the number of connections so far. */
    public int connected() {
        return connected.get();
    }

    /** Waits until either side has closed all connections. */
    public void awaitAllEnded() {
        // A connection counts before its call is in the list.
        Await.until(
                "all connections have ended",
                () -> calls.size() == connected.get() && calls.stream().allMatch(Call::isDone));
    }

    @Override
    public void close() throws IOException {
        listener.close();
        Await.until("the port is free again", accepting::isDone); // a blocked accept holds it for a moment
        for (Socket connection : connections) connection.close();
    }
}
