package org.relay4j.client.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.Visitor;

/** Sockets that are unreferenced and were not closed. */
class UnreferencedTest extends Conformance {
    @Test
    void acceptedSocketIsClosed() throws IOException {
        Socket visitor = visit();
        forgetAccepted();
        Call<Integer> end = call(visitor.getInputStream()::read);
        Await.until("the visitor gets an end", () -> {
            System.gc();
            return end.isDone();
        });
        assertEquals(-1, end.result());
    }

    @Test
    void acceptedSocketLivesAsLongAsItsStreams() throws IOException {
        Socket visitor = visit();
        InputStream in = listener.accept().getInputStream();
        collect();
        Visitor.send(visitor, "x");
        assertEquals('x', in.read());
        in.close();
    }

    @Test
    void acceptedSocketLivesAsLongAsSomebodyReads() throws IOException {
        Socket visitor = visit();
        CountDownLatch accepted = new CountDownLatch(1);
        Call<Integer> reading = call(() -> {
            InputStream in = listener.accept().getInputStream();
            accepted.countDown();
            return in.read();
        });
        Await.until("it is accepted", accepted);
        reading.awaitBlocked();
        collect();
        Visitor.send(visitor, "x");
        assertEquals('x', reading.result());
    }

    @Test
    void listener() throws IOException {
        int port = listener.getLocalPort();
        listener = null;
        endpoint.forgetListener();
        if (differs(Difference.UNREFERENCED)) {
            collect();
            Visitor.connect(port).close();
        } else {
            Await.until("the port is closed", () -> {
                System.gc();
                return isRefused(port);
            });
        }
    }

    private static boolean isRefused(int port) {
        try (Socket visitor = Visitor.connect(port)) {
            return visitor.isClosed();
        } catch (IOException e) {
            return true;
        }
    }

    /** A method of its own, so that no frame of the test refers to the socket. */
    private void forgetAccepted() throws IOException {
        listener.accept().setSoTimeout(1);
    }

    /** What is garbage by now is found, and what that takes along is as well. */
    private static void collect() {
        for (int i = 0; i < 2; i++) {
            WeakReference<Object> garbage = new WeakReference<>(new Object());
            Await.until("garbage is collected", () -> {
                System.gc();
                return garbage.get() == null;
            });
        }
    }
}
