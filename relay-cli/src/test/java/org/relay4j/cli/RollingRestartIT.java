package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.HaProxy;

/** Two relay servers behind a real HAProxy carry one service. Each part is restarted under load, and no visitor notices. */
@Timeout(120)
@Tag("peers")
class RollingRestartIT {
    private static final int PERIOD = 40; // ms; one new visitor in each
    private static final int LONGEST_VISIT = 5_000; // ms; less than the shortest grace period

    @TempDir
    private Path folder;

    /** One of the two ways from HAProxy to the service. */
    private static final class Way implements AutoCloseable {
        private final Path state;
        final StayService service;
        final int control = FixedPort.free();
        final int port = FixedPort.free();
        ChildProcess server;
        ChildProcess forwarder;

        Way(Path state) throws Exception {
            this.state = state;
            service = new StayService();
            server = startServer();
            forwarder = startForwarder();
        }

        private ChildProcess startServer() throws InterruptedException {
            ChildProcess started = ChildProcess.relay(
                    "--bind=127.0.0.1",
                    "--public-bind=127.0.0.1",
                    "--extended",
                    "--public-ports=" + port,
                    "--state-file=" + state,
                    String.valueOf(control));
            assertEquals(control, RelayPair.controlPort(started.line()));
            return started;
        }

        private ChildProcess startForwarder() throws InterruptedException {
            ChildProcess started = ChildProcess.relay("--localForwardPort=" + service.port(), "127.0.0.1:" + control);
            expectUp(started);
            return started;
        }

        private void expectUp(ChildProcess of) throws InterruptedException {
            assertEquals(port, RelayPair.publicPort(of.line(), service.port()));
        }

        void restartServer() throws InterruptedException {
            server.terminate();
            server = startServer();
            expectUp(forwarder);
        }

        void restartForwarder() throws InterruptedException {
            forwarder.terminate();
            forwarder = startForwarder();
        }

        /** HAProxy has noticed that it is up. */
        void awaitVisitors() {
            int before = service.visits.get();
            Await.until("visitors come this way", () -> service.visits.get() > before + 5);
        }

        @Override
        public void close() throws IOException {
            forwarder.close();
            server.close();
            service.close();
        }
    }

    @Test
    void noVisitorIsCut() throws Exception {
        int entry = FixedPort.free();
        try (Way one = new Way(folder.resolve("one"));
                Way two = new Way(folder.resolve("two"));
                HaProxy balancer = balancer(entry, one.port, two.port);
                Load load = new Load(entry)) {
            one.awaitVisitors();
            two.awaitVisitors();
            for (Way way : new Way[] {one, two}) {
                ChildProcess before = way.server;
                way.restartServer();
                String running = before.errors().replaceAll("(?s).*shutting down, (\\d+) visitors.*", "$1");
                assertTrue(Integer.parseInt(running) > 0, "no visitor was there: " + before);
                way.awaitVisitors();
            }
            one.restartForwarder();
            one.awaitVisitors();
            load.finish();
            assertEquals("[]", load.failures.toString(), balancer::output);
            assertTrue(load.served.get() > 100, () -> load.served + " visitors");
        }
    }

    private HaProxy balancer(int entry, int one, int two) throws IOException {
        return HaProxy.start(
                folder,
                "listen visitors",
                "    bind 127.0.0.1:" + entry,
                "    retries 5",
                "    option redispatch 1",
                "    server one 127.0.0.1:" + one + " check inter 200ms rise 1 fall 1",
                "    server two 127.0.0.1:" + two + " check inter 200ms rise 1 fall 1");
    }

    /** Visitors at a steady pace: four short ones, then one that stays for 1 to 5 seconds. */
    private static final class Load implements AutoCloseable {
        private final int port;
        private final Random random = new Random(1);
        private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        private final ExecutorService threads = Executors.newCachedThreadPool();
        final Queue<String> failures = new ConcurrentLinkedQueue<>();
        final AtomicInteger served = new AtomicInteger();
        private int started;

        Load(int port) {
            this.port = port;
            Await.until("HAProxy has both servers", () -> {
                try {
                    visit(0);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            });
            Future<?> unused = pace.scheduleAtFixedRate(this::next, 0, PERIOD, TimeUnit.MILLISECONDS);
        }

        private void next() {
            boolean stays = ++started % 5 == 0;
            int time = stays ? 1_000 + random.nextInt(LONGEST_VISIT - 1_000) : 0;
            threads.execute(() -> {
                try {
                    visit(time);
                    served.incrementAndGet();
                } catch (IOException | RuntimeException | Error e) {
                    failures.add("visit of " + time + " ms: " + e);
                }
            });
        }

        private void visit(int time) throws IOException {
            StayService.visit(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), time);
        }

        /** Waits for the visitors that are there. */
        void finish() throws InterruptedException {
            pace.shutdown();
            assertTrue(pace.awaitTermination(20, TimeUnit.SECONDS));
            threads.shutdown();
            assertTrue(threads.awaitTermination(20, TimeUnit.SECONDS));
        }

        @Override
        public void close() {
            pace.shutdownNow();
            threads.shutdownNow();
        }
    }
}
