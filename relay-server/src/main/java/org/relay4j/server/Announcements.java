package org.relay4j.server;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The events of one tunnel for the listener of the server: up, visitors, down. Visitors may connect before the client has
 * answered; they are announced after the up. On the tunnel's loop.
 */
final class Announcements {
    /** Maximum number of events that wait for the up. */
    static final int MOST_EARLY = 256;

    private final ServerEvents events;
    private volatile ServedTunnel tunnel; // read by the loops of additional connections
    private final ArrayDeque<Runnable> early = new ArrayDeque<>();
    private boolean isUp;
    private boolean announced; // the up was announced

    Announcements(ServerEvents events, ServedTunnel tunnel) {
        this.events = events;
        this.tunnel = tunnel;
    }

    /** Returns whether there is a listener. */
    boolean areHeard() {
        return events.hasListener();
    }

    void up() {
        isUp = true;
        if (!areHeard()) return;
        announced = events.up(tunnel);
        for (Runnable event; (event = early.poll()) != null; ) announce(event);
    }

    /** Reports that no connection accepts visitors, and the tunnel waits for its client. */
    void held() {
        if (announced) events.held(tunnel);
    }

    /** Reports that the client has returned, possibly from another address. */
    void resumed(ServedTunnel now) {
        tunnel = now;
        if (announced) events.resumed(tunnel);
    }

    void down(@Nullable Throwable cause) {
        if (announced) events.down(tunnel, cause);
        early.clear();
    }

    void accepted(ServedVisitor visitor) {
        visitor(() -> events.accepted(tunnel, visitor));
    }

    void closed(ServedVisitor visitor, @Nullable Throwable cause) {
        visitor(() -> events.closed(tunnel, visitor, cause));
    }

    private void visitor(Runnable event) {
        if (isUp) announce(event);
        else if (early.size() < MOST_EARLY) early.add(event);
        else events.drop();
    }

    private void announce(Runnable event) {
        if (announced) event.run();
        else events.drop();
    }
}
