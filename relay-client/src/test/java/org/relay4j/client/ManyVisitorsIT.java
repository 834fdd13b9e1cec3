package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.io.BufferPool;

/** Many visitors one after the other, and many tunnels: nothing of them is left. The leak check looks for threads and memory. */
@ExtendWith(LeakCheck.EachTest.class)
class ManyVisitorsIT {
    private static final int VISITORS = 10_000;
    private static final int RECONNECTS = 24;

    private static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    /** Who closes first takes another way through the code on both sides. */
    @ParameterizedTest
    @EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc")
    @ValueSource(booleans = {true, false})
    void acceptAndClose(boolean acceptedClosesFirst) throws IOException {
        int port;
        try (RelayServer server = Local.server();
                RelayAcceptor acceptor = RelayClient.connect("localhost", server.port())) {
            port = acceptor.getLocalPort();
            serve(acceptor, acceptedClosesFirst); // loads what is loaded once
            long files = openFiles();
            for (int n = 1; n < VISITORS; n++) serve(acceptor, acceptedClosesFirst);
            assertEquals(VISITORS, acceptor.statistics().visitors());
            Await.until("no visitor is left", () -> acceptor.statistics().openVisitors() == 0);
            Await.until("the server has none either", () -> server.visitorCount() == 0);
            Await.until("no file is left open", () -> openFiles() <= files);
            Await.until("no buffer is in use", () -> BufferPool.shared().inUse() == 0);
        }
        assertFree(port);
    }

    private static void serve(RelayAcceptor acceptor, boolean acceptedClosesFirst) throws IOException {
        try (Socket visitor = Visitor.connect(acceptor.getLocalPort());
                Socket accepted = acceptor.accept()) {
            Socket first = acceptedClosesFirst ? accepted : visitor;
            Socket second = acceptedClosesFirst ? visitor : accepted;
            first.getOutputStream().write(1);
            first.shutdownOutput();
            assertEquals(1, second.getInputStream().read());
            Visitor.expectEnd(second);
        }
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc")
    void reconnectsWithVisitors() throws IOException {
        RelayServer server = Local.server();
        int port = server.port();
        Recorder recorder = new Recorder();
        try (RelayAcceptor acceptor =
                RelayClient.connect("localhost", port, Local.hasty(recorder).build())) {
            long files = 0;
            for (int n = 0; n < RECONNECTS; n++) {
                Call<Socket> accepting = Call.of(acceptor::accept);
                try (Socket visitor = Visitor.connect(acceptor.getLocalPort());
                        Socket accepted = accepting.result()) {
                    Visitor.send(visitor, "x");
                    Visitor.expect(accepted, "x");
                    server.close();
                    Visitor.expectReset(accepted);
                }
                recorder.awaitLoss(2 * n + 1, true);
                server = Local.server(port);
                recorder.awaitUp(2 * n + 2);
                if (n == 0) files = openFiles();
            }
            long before = files;
            Await.until("no file is left open", () -> openFiles() <= before);
            assertEquals(RECONNECTS, acceptor.statistics().reconnects());
            assertEquals(0, acceptor.statistics().openVisitors());
        } finally {
            server.close();
        }
        assertFree(port);
    }

    private static void assertFree(int port) {
        Await.until("port " + port + " is free again", () -> {
            try (ServerSocket again = new ServerSocket()) {
                again.setReuseAddress(true);
                again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                assertTrue(again.isBound());
                return true;
            } catch (IOException e) {
                return false;
            }
        });
    }
}
