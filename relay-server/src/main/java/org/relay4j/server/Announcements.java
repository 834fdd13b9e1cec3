package org.relay4j.server;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What the listener of a server hears of one tunnel: its up, its visitors, its down. Visitors may come before the client has
 * answered; they are announced after the up. On the tunnel's loop.
 */
final class Announcements {
    /** Events that wait for the up. */
    static final int MOST_EARLY = 256;

    private final ServerEvents events;
    private ServedTunnel tunnel;
    private final ArrayDeque<Runnable> early = new ArrayDeque<>();
    private boolean isUp;
    private boolean announced; // the listener knows the tunnel

    Announcements(ServerEvents events, ServedTunnel tunnel) {
        this.events = events;
        this.tunnel = tunnel;
    }

    /** Whether anything of this is of use. */
    boolean areHeard() {
        return events.hasListener();
    }

    void up() {
        isUp = true;
        if (!areHeard()) return;
        announced = events.up(tunnel);
        for (Runnable event; (event = early.poll()) != null; ) announce(event);
    }

    /** No connection takes visitors, and the tunnel waits for its client. */
    void held() {
        if (announced) events.held(tunnel);
    }

    /** The client has come back, perhaps from another address. */
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
