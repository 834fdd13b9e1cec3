package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.testing.Await;

/** A listener that records its events in order. */
final class Recorder implements TunnelListener {
    /** One call. */
    record Event(
            boolean up, Tunnel tunnel, int port, @Nullable Throwable cause, boolean willRetry, Thread thread) {}

    private final List<Event> events = new CopyOnWriteArrayList<>();

    @Override
    public void up(Tunnel tunnel) {
        events.add(new Event(true, tunnel, tunnel.publicAddress().getPort(), null, false, Thread.currentThread()));
    }

    @Override
    public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
        int port = tunnel.publicAddress().getPort();
        events.add(new Event(false, tunnel, port, cause, willRetry, Thread.currentThread()));
    }

    List<Event> events() {
        return List.copyOf(events);
    }

    /** Waits for the event with this number, from 0 on. */
    Event await(int number) {
        Await.until(() -> "event " + number + " in " + events, () -> events.size() > number);
        return events.get(number);
    }

    void awaitUp(int number) {
        assertEquals(true, await(number).up(), events::toString);
    }

    /** The tunnel was lost; returns why. */
    Throwable awaitLoss(int number, boolean willRetry) {
        Event event = await(number);
        assertEquals(false, event.up(), events::toString);
        assertEquals(willRetry, event.willRetry(), events::toString);
        assertNotNull(event.cause(), events::toString);
        return event.cause();
    }

    /** The tunnel was closed by this side. */
    void awaitClose(int number) {
        Event event = await(number);
        assertEquals(false, event.up(), events::toString);
        assertEquals(false, event.willRetry(), events::toString);
        assertNull(event.cause(), events::toString);
    }
}
