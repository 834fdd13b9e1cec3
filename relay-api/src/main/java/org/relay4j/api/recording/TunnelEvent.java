package org.relay4j.api.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** A flight recorder event: a tunnel has ended. */
@Name("org.relay4j.Tunnel")
@Label("Relay Tunnel")
@Category("Relay")
@Description("A tunnel between a relay client and a relay server has ended")
@StackTrace(false)
final class TunnelEvent extends Event {
    @Label("Tunnel")
    @Nullable
    String tunnel;

    @Label("Up")
    @Description("How long the tunnel was up")
    @Timespan(Timespan.NANOSECONDS)
    long up;

    @Label("Cause")
    @Description("Why the tunnel has ended; empty if the client closed it")
    @Nullable
    String cause;

    private TunnelEvent() {}

    /** Returns true if this event is being recorded. */
    static boolean isRecorded() {
        return new TunnelEvent().isEnabled();
    }

    /** Commits an event if a recording is running. */
    static void record(String name, long nanos, String why) {
        TunnelEvent event = new TunnelEvent();
        if (!event.shouldCommit()) return;
        event.tunnel = name;
        event.up = nanos;
        event.cause = why;
        event.commit();
    }
}
