package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Threads;

/** Connects several tunnels until the first is up; the others are retried in the background. */
final class FirstConnection {
    private static final ThreadFactory THREADS = Threads.factory("relay-acceptor");

    private FirstConnection() {}

    /**
     * Connects all tunnels and returns when one is up. A tunnel whose first connect fails is retried. A single tunnel is
     * connected by the calling thread, and is not announced here.
     *
     * @throws IOException the failure of the first tunnel if none can be connected; the failures of the others are suppressed
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    static void of(List<ClientTunnel> tunnels) throws IOException {
        if (tunnels.size() == 1) {
            tunnels.get(0).connect();
            return;
        }
        BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
        boolean connected = false;
        try {
            for (ClientTunnel tunnel : tunnels) {
                THREADS.newThread(() -> connect(tunnel, outcomes)).start();
            }
            connected = awaitFirst(tunnels, outcomes);
        } finally {
            if (!connected) tunnels.forEach(ClientTunnel::closeNow);
        }
    }

    /** The result of the first attempt of a tunnel; the failure is null on success. */
    private record Outcome(ClientTunnel tunnel, @Nullable IOException failure) {}

    private static void connect(ClientTunnel tunnel, BlockingQueue<Outcome> outcomes) {
        try {
            tunnel.connect();
            tunnel.announce();
        } catch (IOException e) {
            outcomes.add(new Outcome(tunnel, e));
            tunnel.connectLater(e);
            return;
        } catch (RuntimeException | Error e) {
            outcomes.add(new Outcome(tunnel, new IOException("cannot connect: " + e, e)));
            tunnel.fail(e);
            return;
        }
        outcomes.add(new Outcome(tunnel, null));
    }

    private static boolean awaitFirst(List<ClientTunnel> tunnels, BlockingQueue<Outcome> outcomes) throws IOException {
        List<Outcome> failed = new ArrayList<>();
        try {
            while (failed.size() < tunnels.size()) {
                Outcome outcome = outcomes.take();
                if (outcome.failure() == null) return true;
                failed.add(outcome);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while connecting");
        }
        throw failure(tunnels, failed);
    }

    private static IOException failure(List<ClientTunnel> tunnels, List<Outcome> failed) {
        IOException first = null;
        for (ClientTunnel tunnel : tunnels) {
            for (Outcome outcome : failed) {
                if (outcome.tunnel() != tunnel) continue;
                if (first == null) first = outcome.failure();
                else first.addSuppressed(outcome.failure());
            }
        }
        if (first == null) throw new IllegalStateException("no attempt has failed");
        return first;
    }
}
