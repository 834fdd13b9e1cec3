package org.relay4j.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.testing.Await;

/**
 * A stranger who asks one node after the other for any port, and gives it back at once. It must never get a port that is in
 * use by another client.
 */
final class Contender implements AutoCloseable {
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(250);
    private static final RelayClientOptions OPTIONS = RelayClientOptions.builder()
            .connectTimeout(Duration.ofSeconds(1))
            .handshakeTimeout(Duration.ofSeconds(5))
            .reconnect(false)
            .build();

    private final FaultyCluster cluster;
    private final Queue<Attempt> log = new ConcurrentLinkedQueue<>();
    private final Thread thread = new Thread(this::run, "contender");
    private volatile boolean closed;

    /**
     * One attempt.
     *
     * @param begun as of {@link System#nanoTime}
     * @param port 0 if it got none
     */
    record Attempt(long begun, int node, int port) {}

    Contender(FaultyCluster cluster) {
        this.cluster = cluster;
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        for (int n = 0; !closed; n++) {
            attempt(1 + n % FaultyCluster.NODES);
            LockSupport.parkNanos(PAUSE);
        }
    }

    private void attempt(int node) {
        long begun = System.nanoTime();
        try (RelayAcceptor acceptor = RelayClient.connect(cluster.address(node), FaultyCluster.CONTROL, OPTIONS)) {
            log.add(new Attempt(begun, node, acceptor.getLocalPort()));
        } catch (InterruptedIOException e) {
            closed = true;
        } catch (IOException e) {
            log.add(new Attempt(begun, node, 0));
        }
    }

    /** Returns how many attempts that were begun between two times got a port. Times as of {@link System#nanoTime}. */
    long granted(long from, long to) {
        return log.stream()
                .filter(each -> each.port() != 0 && each.begun() - from >= 0 && each.begun() - to < 0)
                .count();
    }

    /** Returns the ports that it got although another client had them. */
    List<Attempt> stolen() {
        List<Attempt> stolen = new ArrayList<>(log);
        stolen.removeIf(each -> !cluster.isTaken(each.port()));
        return stolen;
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        Await.until("the contender has ended", () -> !thread.isAlive());
    }
}
