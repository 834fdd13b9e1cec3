package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/**
 * One server with a state file is restarted while 200 visitors a second come, who stay for up to 5 seconds. None is cut; those who
 * come meanwhile are refused, try again, and are served at the same port.
 */
@Timeout(120)
@Tag("peers")
class RestartUnderLoadIT {
    private static final int PERIOD = 5; // ms; one new visitor in each
    private static final int LONGEST_VISIT = 5_000; // ms; less than the grace period
    private static final int PATIENCE = 200; // ms between two attempts of a visitor

    @TempDir
    private Path folder;

    @Test
    void noVisitorIsCutAndTheOthersWaitForTheRestart() throws Exception {
        int control = FixedPort.free();
        int port = FixedPort.free();
        try (StayService service = new StayService();
                ChildProcess first = server(control, port)) {
            first.line();
            try (ChildProcess forwarder =
                            ChildProcess.relay("--localForwardPort=" + service.port(), "127.0.0.1:" + control);
                    Load load = new Load(RelayPair.publicPort(forwarder.line(), service.port()))) {
                Await.until("many visitors are there", () -> load.present.get() > 200);
                first.terminate(); // waits for its end
                Await.until("some wait", () -> load.refused.get() > 0);
                try (ChildProcess second = server(control, port)) {
                    second.line();
                    int before = load.served.get();
                    Await.until("new visitors are served", () -> load.served.get() > before + 200);
                    load.finish();
                    assertEquals("[]", load.failures.toString());
                    assertEquals(port, RelayPair.publicPort(forwarder.line(), service.port()));
                }
            }
            assertTrue(first.errors().contains("shutting down"), first::toString);
        }
    }

    private ChildProcess server(int control, int port) {
        return ChildProcess.relay(
                "--bind=127.0.0.1",
                "--public-bind=127.0.0.1",
                "--extended",
                "--public-ports=" + port,
                "--grace-period=10s",
                "--state-file=" + folder.resolve("state"),
                String.valueOf(control));
    }

    /** Visitors at a steady pace, who stay for up to 5 seconds. A visitor whose connection is refused tries again. */
    private static final class Load implements AutoCloseable {
        private final int port;
        private final Random random = new Random(1);
        private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        private final ScheduledFuture<?> pacing;
        private final ExecutorService threads = Executors.newCachedThreadPool();
        final Queue<String> failures = new ConcurrentLinkedQueue<>();
        final AtomicInteger present = new AtomicInteger();
        final AtomicInteger refused = new AtomicInteger();
        final AtomicInteger served = new AtomicInteger();

        Load(int port) {
            this.port = port;
            pacing = pace.scheduleAtFixedRate(this::next, 0, PERIOD, TimeUnit.MILLISECONDS);
        }

        private void next() {
            int time = random.nextInt(LONGEST_VISIT);
            threads.execute(() -> {
                try {
                    visit(time);
                    served.incrementAndGet();
                } catch (IOException | InterruptedException | RuntimeException | Error e) {
                    failures.add("visit of " + time + " ms: " + e);
                }
            });
        }

        private void visit(int time) throws IOException, InterruptedException {
            try (Socket visitor = connected()) {
                present.incrementAndGet();
                visitor.getOutputStream().write((time + "\n").getBytes(StandardCharsets.US_ASCII));
                String answer = new String(visitor.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                if (!answer.equals("stayed " + time)) throw new IOException("the answer was '" + answer + "'");
            } finally {
                present.decrementAndGet();
            }
        }

        private Socket connected() throws IOException, InterruptedException {
            while (true) {
                try {
                    return Echo.visitor(port);
                } catch (ConnectException e) {
                    refused.incrementAndGet();
                    TimeUnit.MILLISECONDS.sleep(PATIENCE); // as a visitor who tries again
                }
            }
        }

        /** Waits until the last visitor has left. */
        void finish() throws InterruptedException {
            pacing.cancel(false);
            pace.shutdown();
            threads.shutdown();
            assertTrue(threads.awaitTermination(ChildProcess.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        }

        @Override
        public void close() {
            pace.shutdownNow();
            threads.shutdownNow();
        }
    }
}
