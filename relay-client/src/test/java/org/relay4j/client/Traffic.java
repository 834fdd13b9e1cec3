package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.Visitor;

/**
 * Visitors that are in the midst of something: one sends, one receives, one has half-closed and waits, one is silent. The
 * service does what the first byte says.
 */
final class Traffic implements AutoCloseable {
    /** At the service. */
    private static final AtomicLong TRANSFERRED = new AtomicLong();

    private final List<Socket> visitors = new ArrayList<>();
    private final List<Call<Void>> calls = new ArrayList<>();
    private final AtomicLong received = new AtomicLong();

    private Traffic(int publicPort) throws IOException {
        Socket sender = visit(publicPort, "<");
        calls.add(Call.run(() -> send(sender)));
        Socket receiver = visit(publicPort, ">");
        calls.add(Call.run(() -> receive(receiver)));
        Socket patient = visit(publicPort, "e");
        Visitor.expect(patient, "e");
        calls.add(Call.run(() -> receive(patient)));
        Socket halfClosed = visit(publicPort, "?");
        halfClosed.shutdownOutput();
        calls.add(Call.run(() -> receive(halfClosed)));
    }

    /** Begins, and waits until bytes flow both ways. */
    static Traffic start(int publicPort) throws IOException {
        long before = TRANSFERRED.get();
        Traffic traffic = new Traffic(publicPort);
        Await.until("bytes flow", () -> TRANSFERRED.get() - before > 1_000_000 && traffic.received.get() > 1_000_000);
        return traffic;
    }

    /** What the other side of the visitors is. */
    static void serve(Socket connection) throws IOException {
        int wish = connection.getInputStream().read();
        connection.setSoTimeout(0);
        if (wish == '<') {
            byte[] buffer = new byte[16_384];
            for (int n = 0; n >= 0; n = connection.getInputStream().read(buffer)) TRANSFERRED.addAndGet(n);
        } else if (wish == '>') send(connection);
        else if (wish == '?') {
            FakeServer.awaitEnd(connection);
            connection.getOutputStream().write(new byte[10]);
            waitForever(connection);
        } else if (wish == 'e') {
            connection.getOutputStream().write(wish);
            FakeServer.echo(connection);
        }
    }

    /** Its input has ended, so only what its output meets shows that the visitor has gone. */
    private static void waitForever(Socket connection) throws IOException {
        try {
            while (true) {
                java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
                connection.getOutputStream().write('.');
            }
        } finally {
            connection.setSoLinger(true, 0);
        }
    }

    private static void send(Socket to) throws IOException {
        byte[] bytes = new byte[16_384];
        while (true) to.getOutputStream().write(bytes);
    }

    private void receive(Socket from) throws IOException {
        byte[] buffer = new byte[16_384];
        while (true) {
            int length = from.getInputStream().read(buffer);
            if (length < 0) throw new AssertionError("a transfer that was cut off looks complete");
            received.addAndGet(length);
        }
    }

    private Socket visit(int publicPort, String wish) throws IOException {
        Socket visitor = Visitor.connect(publicPort);
        visitor.setSoTimeout(0);
        visitors.add(visitor);
        Visitor.send(visitor, wish);
        return visitor;
    }

    /** Each visitor gets to know that it was cut off. */
    void awaitReset() {
        for (Call<Void> call : calls) {
            SocketException failure = call.failure(SocketException.class);
            String message = String.valueOf(failure.getMessage());
            assertTrue(message.startsWith("Connection reset") || message.startsWith("Broken pipe"), message);
        }
    }

    /** Says something and hears it again: the way is open. */
    static void assertEcho(int publicPort) throws IOException {
        try (Socket visitor = Visitor.connect(publicPort)) {
            Visitor.send(visitor, "echo");
            Visitor.expect(visitor, "echo");
        }
    }

    @Override
    public void close() throws IOException {
        for (Socket visitor : visitors) visitor.close();
    }
}
