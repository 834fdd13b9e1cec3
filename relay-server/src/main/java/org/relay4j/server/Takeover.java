package org.relay4j.server;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.Loop;

/**
 * A client takes over an endpoint of a tunnel with its own name: at once if no connection serves it or it is ending, else if all its connections do
 * not answer a ping. One that is just being granted is not taken. On the loop of that tunnel.
 */
final class Takeover {
    private static final long LEAST = TimeUnit.MILLISECONDS.toNanos(1_000);
    private static final long MOST = TimeUnit.MILLISECONDS.toNanos(2_500);

    private static final long MOST_FOR_OTHERS =
            TimeUnit.MILLISECONDS.toNanos(1_500); // that wait for the answer of this node

    private final ServerTunnel present;
    private final Endpoint wanted;
    private final long most; // nanoseconds

    Takeover(ServerTunnel present, Endpoint wanted) {
        this(present, wanted, MOST);
    }

    private Takeover(ServerTunnel present, Endpoint wanted, long most) {
        this.present = present;
        this.wanted = wanted;
        this.most = most;
    }

    /** Returns one for a client at another node of the cluster, which is decided after 1.5 s at the latest. */
    static Takeover byOther(ServerTunnel present, Endpoint wanted) {
        return new Takeover(present, wanted, MOST_FOR_OTHERS);
    }

    /** Calls {@code decided} on the same loop, at once or after 1 to 2.5 s, with true if the endpoint may be taken over. */
    void begin(Consumer<Boolean> decided) {
        if (present.lifecycle().isClaimed()) {
            decided.accept(false);
            return;
        }
        TunnelLifecycle lifecycle = present.lifecycle();
        if (!lifecycle.isServed()
                || lifecycle.isLeaving()
                || present.endpoints().isUnconfirmed(wanted)) {
            decided.accept(true);
            return;
        }
        long asked = System.nanoTime();
        long roundTrip = 0;
        for (TunnelConnection connection : present.connections().copy()) {
            roundTrip = Math.max(roundTrip, connection.roundTrip());
            connection.ping();
        }
        present.loop().schedule(Math.min(most, patience(roundTrip)), () -> decided.accept(!hasSpokenSince(asked)));
    }

    /** Returns how long to wait for an answer: four round trips within bounds. Unit: nanoseconds. */
    static long patience(long roundTrip) {
        return Math.min(MOST, Math.max(LEAST, 4 * roundTrip));
    }

    /**
     * Returns whether the tunnel has the endpoint, and shares it with none. If it is ending, it closes its endpoints first, perhaps
     * before the last visitors were passed to a connection, because the claimant does not wait.
     */
    boolean isPossible() {
        if (present.lifecycle().isLeaving()) present.ending().finish();
        return present.isOpen() && present.endpoints().mayPass(wanted);
    }

    /**
     * Returns the tunnel's place in the limits, if it ends without the endpoint, which {@link #take} must take in the same step. If
     * not, or if the place was released already, null.
     */
    Places.@Nullable Place place() {
        return present.endpoints().isOnly(wanted) ? present.tenure().surrender() : null;
    }

    /** Passes the endpoint to the loop of another tunnel, with its waiting visitors. Without an endpoint, the tunnel ends. */
    PublicEndpoint take(Loop to) {
        PublicEndpoint passed = present.endpoints().passTo(to, wanted);
        present.entry().update();
        if (present.endpoints().size() == 0) {
            String why = "another tunnel of the same client took " + wanted;
            present.ending().end(new Cause(Cause.Kind.CONNECTION_LOST, why));
        }
        return passed;
    }

    private boolean hasSpokenSince(long asked) {
        for (TunnelConnection connection : present.connections().copy()) {
            if (connection.lastReceived() - asked > 0) return true;
        }
        return false;
    }
}
