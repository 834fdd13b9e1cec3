package org.relay4j.conformance;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs cases against an endpoint, one after another, each over a connection of its own. */
final class Runner implements AutoCloseable {
    /** A case that takes longer than this many timeouts, and the seconds below, is given up. */
    private static final int TIMEOUTS = 10;

    private static final Duration SPARE = Duration.ofSeconds(20);

    /** Timeouts that an endpoint may take until it accepts again, since it may have died and be started anew. */
    private static final int REBIRTH = 5;

    private final Endpoint endpoint;
    private final Role role;
    private final Duration timeout;
    private boolean gone; // the last connection could not be made: no more patience than usual
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

    /** Runs one case. Takes a few timeouts at most when the endpoint is silent. */
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
        Duration patience = gone ? timeout : timeout.multipliedBy(REBIRTH);
        gone = true;
        Socket socket = endpoint.connect(patience);
        gone = false;
        return socket;
    }

    private Result play(Case examined, Connection connection, Trace trace) throws IOException {
        Peer peer = new Peer(connection, role, trace, timeout);
        AtomicBoolean givenUp = new AtomicBoolean();
        ScheduledFuture<?> limit = watchdog.schedule(
                () -> giveUp(connection, givenUp),
                timeout.multipliedBy(TIMEOUTS).plus(SPARE).toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            String seen = examined.script().play(peer);
            return new Result(examined, Verdict.PASS, seen, trace);
        } catch (NotApplicable e) {
            return new Result(examined, Verdict.NOT_APPLICABLE, String.valueOf(e.getMessage()), trace);
        } catch (Deviation e) {
            String seen = (givenUp.get() ? "given up after a long time; " : "") + e.getMessage();
            Verdict verdict = examined.level() == Level.MUST ? Verdict.FAIL : Verdict.TOLERATED;
            return new Result(examined, verdict, seen, trace);
        } finally {
            limit.cancel(false);
            peer.drain();
        }
    }

    private static void giveUp(Connection connection, AtomicBoolean givenUp) {
        givenUp.set(true);
        try {
            connection.close();
        } catch (IOException e) {
            // It is given up all the same: whoever waits for it has been woken.
        }
    }

    @Override
    public void close() {
        watchdog.shutdownNow();
    }
}
