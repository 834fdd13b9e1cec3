package org.relay4j.api.recording;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** A flight recorder event: a visitor has disconnected. */
@Name("org.relay4j.Visitor")
@Label("Relay Visitor")
@Category("Relay")
@Description("A visitor of a public port has disconnected")
@StackTrace(false)
final class VisitorEvent extends Event {
    @Label("Tunnel")
    @Nullable
    String tunnel;

    @Label("Stream")
    long stream; // id, unsigned

    @Label("Connected")
    @Timespan(Timespan.NANOSECONDS)
    long connected;

    @Label("Bytes In")
    @Description("Bytes received from the visitor")
    @DataAmount
    long bytesIn;

    @Label("Bytes Out")
    @Description("Bytes sent to the visitor")
    @DataAmount
    long bytesOut;

    @Label("Cause")
    @Description("Why the visitor was reset; empty if both directions were closed gracefully")
    @Nullable
    String cause;

    private VisitorEvent() {}

    /** Returns true if this event is being recorded. */
    static boolean isRecorded() {
        return new VisitorEvent().isEnabled();
    }

    /** Commits an event if a recording is running. */
    static void record(
            Object tunnel, int stream, long connected, long bytesIn, long bytesOut, @Nullable Throwable failure) {
        VisitorEvent event = new VisitorEvent();
        if (!event.shouldCommit()) return;
        event.tunnel = tunnel.toString();
        event.stream = Integer.toUnsignedLong(stream);
        event.connected = connected;
        event.bytesIn = bytesIn;
        event.bytesOut = bytesOut;
        event.cause = failure == null ? "" : failure.toString();
        event.commit();
    }
}
