package org.relay4j.api.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** A flight recorder event: a relay server holds a tunnel no longer. */
@Name("org.relay4j.TunnelHeld")
@Label("Relay Tunnel Held")
@Category("Relay")
@Description("A relay server has held the port of a tunnel while no connection of its client took visitors")
@StackTrace(false)
final class TunnelHeldEvent extends Event {
    @Label("Tunnel")
    @Nullable
    String tunnel;

    @Label("Held")
    @Description("How long the tunnel was held")
    @Timespan(Timespan.NANOSECONDS)
    long held;

    @Label("Outcome")
    @Description("'resumed' if the client came back, else why the tunnel has ended")
    @Nullable
    String outcome;

    private TunnelHeldEvent() {}

    /** Returns true if this event is being recorded. */
    static boolean isRecorded() {
        return new TunnelHeldEvent().isEnabled();
    }

    /** Commits an event if a recording is running. */
    static void record(String name, long nanos, String how) {
        TunnelHeldEvent event = new TunnelHeldEvent();
        if (!event.shouldCommit()) return;
        event.tunnel = name;
        event.held = nanos;
        event.outcome = how;
        event.commit();
    }
}
