package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** Bytes arrive complete and in order through a limited tunnel, and never more of them than the limit permits. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("slow")
class TunnelBandwidthTest {
    private static final int PER_SECOND = 1 << 20;
    private static final int BURST = PER_SECOND / 10;
    private static final int LENGTH = 384 * 1024;

    private long begun; // ns
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Queue<Thread> threads = new ConcurrentLinkedQueue<>();

    @AfterEach
    void close() throws Exception {
        for (int i = open.size(); --i >= 0; ) open.get(i).close();
        for (Thread thread : threads) thread.join();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void eachDirection(boolean inbound) throws Exception {
        RelayServer server = start(options -> options);
        LineClient client = keep(LineClient.plain(server));
        transfer(client, Integer.parseInt(client.line()), inbound);
    }

    /** Records are larger than what may be read at a time. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void throughTls(boolean inbound, @TempDir Path folder) throws Exception {
        ServerTls tls = Keys.make(folder, "localhost").server();
        RelayServer server = start(options -> options.tls(tls));
        LineClient client = keep(LineClient.secure(server, Keys.trusting()));
        transfer(client, Integer.parseInt(client.line()), inbound);
    }

    private void transfer(LineClient client, int port, boolean inbound) throws Exception {
        Session session = keep(client.session());
        Socket visitor = keep(Visitor.connect(port));
        Stream stream = keep(session.accept());
        byte[] bytes = random();
        begun = System.nanoTime();
        CompletableFuture<byte[]> received = readAll(inbound ? stream.getInputStream() : visitor.getInputStream());
        thread(() -> {
            if (inbound) {
                visitor.getOutputStream().write(bytes);
                visitor.shutdownOutput();
            } else {
                stream.getOutputStream().write(bytes);
                stream.shutdownOutput();
            }
        });
        session.ping(); // answered although the bandwidth is used up
        assertArrayEquals(bytes, get(received));
        assertWithinLimit(LENGTH);
    }

    /** Both directions of visitors on two connections, which have loops of their own. */
    @Tag("slow")
    @Test
    void connectionsShareTheLimit() throws Exception {
        RelayServer server = start(options -> options.extended(true).loops(3));
        LineClient first = keep(LineClient.plain(server));
        first.line();
        String granted = first.ask("RELAY/1 resume");
        LineClient second = keep(LineClient.plain(server));
        second.line();
        second.ask("RELAY/1 join=" + word(granted, "lease"));
        AtomicInteger carriedByFirst = echo(keep(first.session()));
        AtomicInteger carriedBySecond = echo(keep(second.session()));
        List<Socket> visitors = new ArrayList<>();
        begun = System.nanoTime();
        while (carriedByFirst.get() == 0 || carriedBySecond.get() == 0) {
            Socket visitor = keep(Visitor.connect(Integer.parseInt(word(granted, "port"))));
            Visitor.send(visitor, "?");
            Visitor.expect(visitor, "?");
            visitors.add(visitor);
        }
        byte[] bytes = random();
        List<CompletableFuture<byte[]>> received = new ArrayList<>();
        for (Socket visitor : visitors) {
            received.add(readAll(visitor.getInputStream()));
            thread(() -> {
                visitor.getOutputStream().write(bytes);
                visitor.shutdownOutput();
            });
        }
        for (CompletableFuture<byte[]> each : received) assertArrayEquals(bytes, get(each));
        assertWithinLimit(2L * LENGTH * visitors.size());
    }

    @Test
    void visitorsGetEqualShares() throws Exception {
        int visitors = 8;
        RelayServer server = start(options -> options);
        LineClient client = keep(LineClient.plain(server));
        int port = Integer.parseInt(client.line());
        Session session = keep(client.session());
        AtomicLongArray received = new AtomicLongArray(visitors);
        for (int i = 0; i < visitors; i++) {
            int index = i;
            Socket visitor = keep(Visitor.connect(port));
            InputStream in = keep(session.accept()).getInputStream();
            thread(() -> {
                byte[] bytes = random();
                while (true) visitor.getOutputStream().write(bytes);
            });
            thread(() -> {
                byte[] buffer = new byte[8_192];
                for (int length; (length = in.read(buffer)) >= 0; ) received.addAndGet(index, length);
            });
        }
        Await.until("a mebibyte has arrived", () -> total(received) >= 1 << 20);
        long least = IntStream.range(0, visitors).mapToLong(received::get).min().orElseThrow();
        assertTrue(least >= total(received) / visitors / 3, received::toString);
    }

    private static long total(AtomicLongArray parts) {
        return IntStream.range(0, parts.length()).mapToLong(parts::get).sum();
    }

    /** Returns the number of streams that were accepted. */
    private AtomicInteger echo(Session session) {
        AtomicInteger accepted = new AtomicInteger();
        thread(() -> {
            while (true) {
                Stream stream = session.accept();
                accepted.incrementAndGet();
                thread(() -> {
                    stream.getInputStream().transferTo(stream.getOutputStream());
                    stream.shutdownOutput();
                });
            }
        });
        return accepted;
    }

    private void assertWithinLimit(long bytes) {
        double elapsed = (System.nanoTime() - begun) / 1e9;
        assertTrue(bytes <= BURST + elapsed * PER_SECOND, bytes + " bytes in " + elapsed + " s");
    }

    private static String word(String line, String name) {
        for (String word : line.split(" ", -1)) {
            if (word.startsWith(name + "=")) return word.substring(name.length() + 1);
        }
        throw new AssertionError(line);
    }

    private static byte[] random() {
        byte[] bytes = new byte[LENGTH];
        new Random(LENGTH).nextBytes(bytes);
        return bytes;
    }

    private CompletableFuture<byte[]> readAll(InputStream in) {
        CompletableFuture<byte[]> all = new CompletableFuture<>();
        thread(() -> all.complete(in.readAllBytes()));
        return all;
    }

    private static byte[] get(CompletableFuture<byte[]> future) throws Exception {
        return future.get(2 * Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    private interface Step {
        void run() throws IOException;
    }

    /** The end of the test ends it. */
    private void thread(Step step) {
        Thread thread = new Thread(() -> {
            try {
                step.run();
            } catch (IOException e) {
                // its connection has ended
            }
        });
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
    }

    private <T extends AutoCloseable> T keep(T resource) {
        open.add(resource);
        return resource;
    }

    private RelayServer start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        return keep(RelayServer.start(options.apply(RelayServerOptions.builder()
                        .bindAddress(InetAddress.getLoopbackAddress())
                        .publicBindAddress(InetAddress.getLoopbackAddress())
                        .policy(new Limited()))
                .build()));
    }

    /** Knows no names, and limits clients without one. */
    private static final class Limited implements TunnelPolicy {
        @Override
        public CompletionStage<Optional<NamedClient>> find(String name) {
            return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public ClientLimits nameless() {
            return ClientLimits.builder().bandwidth(PER_SECOND).build();
        }
    }
}
