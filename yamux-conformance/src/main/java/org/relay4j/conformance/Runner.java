package org.relay4j.conformance;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A runner that runs cases against an endpoint one after another, each over its own connection. */
final class Runner implements AutoCloseable {
    /** A case is aborted after this many timeouts plus the seconds below. */
    private static final int TIMEOUTS = 10;

    private static final Duration SPARE = Duration.ofSeconds(20);

    /**
     * Number of timeouts that an endpoint has to accept connections again, because it may have crashed and be
     * restarting.
     */
    private static final int RESTART = 5;

    private final Endpoint endpoint;
    private final Role role;
    private final Duration timeout;
    private boolean gone; // the last connection failed: wait no longer than usual
    private final ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "yamux-conformance-watchdog");
        thread.setDaemon(true);
        return thread;
    });

    Runner(Endpoint endpoint, Role role, Duration timeout) {
        this.endpoint = endpoint;
        this.role = role;
        this.timeout = timeout;
    }

    /** Runs one case. Takes at most a few timeouts if the endpoint is silent. */
    Result run(Case examined) {
        Trace trace = new Trace();
        try (Socket socket = connect();
                Connection connection = new Connection(socket)) {
            return play(examined, connection, trace);
        } catch (IOException e) {
            return new Result(examined, Verdict.FAIL, String.valueOf(e.getMessage()), trace);
        }
    }

    private Socket connect() throws IOException {
        Duration patience = gone ? timeout : timeout.multipliedBy(RESTART);
        gone = true;
        Socket socket = endpoint.connect(patience);
        gone = false;
        return socket;
    }

    private Result play(Case examined, Connection connection, Trace trace) throws IOException {
        Peer peer = new Peer(connection, role, trace, timeout);
        AtomicBoolean aborted = new AtomicBoolean();
        ScheduledFuture<?> limit = watchdog.schedule(
                () -> abort(connection, aborted),
                timeout.multipliedBy(TIMEOUTS).plus(SPARE).toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            String seen = examined.script().play(peer);
            return new Result(examined, Verdict.PASS, seen, trace);
        } catch (NotApplicable e) {
            return new Result(examined, Verdict.NOT_APPLICABLE, String.valueOf(e.getMessage()), trace);
        } catch (Deviation e) {
            String seen = (aborted.get() ? "aborted after a long time; " : "") + e.getMessage();
            Verdict verdict = examined.level() == Level.MUST ? Verdict.FAIL : Verdict.TOLERATED;
            return new Result(examined, verdict, seen, trace);
        } finally {
            limit.cancel(false);
            peer.drain();
        }
    }

    private static void abort(Connection connection, AtomicBoolean aborted) {
        aborted.set(true);
        try {
            connection.close();
        } catch (IOException e) {
            // The case is aborted anyway: the waiting script has been interrupted.
        }
    }

    @Override
    public void close() {
        watchdog.shutdownNow();
    }
}
