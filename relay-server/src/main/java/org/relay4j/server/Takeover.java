package org.relay4j.server;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.relay4j.api.Endpoint;

/**
 * Decides whether a client may take over an endpoint of a tunnel with its own name: at once if no connection serves it, else if all
 * its connections do not answer a ping. One that is just being granted is not taken. On the loop of that tunnel.
 */
final class Takeover {
    private static final long LEAST = TimeUnit.MILLISECONDS.toNanos(1_000);
    private static final long MOST = TimeUnit.MILLISECONDS.toNanos(2_500);

    private final ServerTunnel present;
    private final Endpoint wanted;

    Takeover(ServerTunnel present, Endpoint wanted) {
        this.present = present;
        this.wanted = wanted;
    }

    /** Calls {@code decided} on the same loop, at once or after 1 to 2.5 s, with true if the endpoint may be taken over. */
    void begin(Consumer<Boolean> decided) {
        if (present.isClaimed()) {
            decided.accept(false);
            return;
        }
        if (!present.isServed() || present.endpoints().isUnconfirmed(wanted)) {
            decided.accept(true);
            return;
        }
        long asked = System.nanoTime();
        long roundTrip = 0;
        for (TunnelConnection connection : present.connections()) {
            roundTrip = Math.max(roundTrip, connection.roundTrip());
            connection.ping();
        }
        present.loop().schedule(patience(roundTrip), () -> decided.accept(!hasSpokenSince(asked)));
    }

    /** Returns how long to wait for an answer: four round trips within bounds. Unit: nanoseconds. */
    static long patience(long roundTrip) {
        return Math.min(MOST, Math.max(LEAST, 4 * roundTrip));
    }

    private boolean hasSpokenSince(long asked) {
        for (TunnelConnection connection : present.connections()) {
            if (connection.lastReceived() - asked > 0) return true;
        }
        return false;
    }
}
