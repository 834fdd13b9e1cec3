package org.relay4j.api.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A flight recorder event: the time for which a relay server held a tunnel whose client was away. */
@Name("org.relay4j.TunnelHeld")
@Label("Relay Tunnel Held")
@Category("Relay")
@Description(
        "The time for which a relay server held the port of a tunnel while no connection of its client took visitors")
@StackTrace(false)
public final class TunnelHeldEvent extends Event {
    @Label("Tunnel")
    @Nullable
    String tunnel;

    @Label("Outcome")
    @Description("'resumed' if the client came back, else why the tunnel has ended")
    @Nullable
    String outcome;

    private TunnelHeldEvent() {}

    /** Starts an event for a tunnel that is held from now on. It is committed even if the recording starts later. */
    public static TunnelHeldEvent begun() {
        TunnelHeldEvent event = new TunnelHeldEvent();
        event.begin();
        return event;
    }

    /**
     * Ends the event and commits it if a recording is running.
     *
     * @param name the name of the tunnel
     * @param how {@code resumed} if the client came back, else why the tunnel has ended
     */
    public void ended(String name, String how) {
        end();
        if (!shouldCommit()) return;
        tunnel = name;
        outcome = how;
        commit();
    }
}
