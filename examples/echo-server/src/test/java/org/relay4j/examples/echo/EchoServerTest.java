package org.relay4j.examples.echo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;

class EchoServerTest {
    private static final int VISITORS = 20;
    private static final int LARGEST = 3_000_000; // bytes

    @Test
    void returnsWhatEachVisitorSends() throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        Future<?> serving;
        try (RelayServer relay = RelayServer.start(0);
                EchoServer server = new EchoServer("localhost", relay.port())) {
            serving = threads.submit(() -> {
                server.run();
                return null;
            });
            List<Future<?>> visits = new ArrayList<>();
            for (int visitor = 0; visitor < VISITORS; visitor++) {
                Random random = new Random(visitor);
                visits.add(threads.submit(() -> {
                    visit(server.publicPort(), random);
                    return null;
                }));
            }
            for (Future<?> visit : visits) visit.get(60, TimeUnit.SECONDS);
        }
        serving.get(10, TimeUnit.SECONDS); // closing the server ends run() without an exception
        threads.shutdown();
    }

    private static void visit(int port, Random random) throws IOException, InterruptedException {
        byte[] sent = new byte[random.nextInt(LARGEST)];
        random.nextBytes(sent);
        try (Socket socket = new Socket("localhost", port)) {
            List<IOException> failures = new ArrayList<>();
            Thread writer = new Thread(() -> {
                try {
                    socket.getOutputStream().write(sent);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    failures.add(e);
                }
            });
            writer.start();
            byte[] received = socket.getInputStream().readAllBytes();
            writer.join();
            assertEquals(List.of(), failures);
            assertArrayEquals(sent, received);
        }
    }
}
