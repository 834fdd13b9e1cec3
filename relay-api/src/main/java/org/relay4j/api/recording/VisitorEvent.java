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

/** A flight recorder event: a visitor has left. */
@Name("org.relay4j.Visitor")
@Label("Relay Visitor")
@Category("Relay")
@Description("A visitor of a public port has left")
@StackTrace(false)
public final class VisitorEvent extends Event {
    @Label("Tunnel")
    @Nullable
    String tunnel;

    @Label("Stream")
    long stream; // id, unsigned

    @Label("Connected")
    @Timespan(Timespan.NANOSECONDS)
    long connected;

    @Label("Received")
    @Description("Bytes of the stream that have arrived here")
    @DataAmount
    long bytesReceived;

    @Label("Sent")
    @Description("Bytes of the stream that were sent from here")
    @DataAmount
    long bytesSent;

    @Label("Cause")
    @Description("Why it was cut off; empty when both directions were closed in an orderly way")
    @Nullable
    String cause;

    private VisitorEvent() {}

    /** Whether somebody records these. */
    public static boolean isRecorded() {
        return new VisitorEvent().isEnabled();
    }

    /**
     * Records it, if a recording runs.
     *
     * @param tunnel its name
     * @param stream id of the visitor's stream, unsigned
     * @param connected how long the visitor was connected, in nanoseconds
     * @param bytesReceived bytes of the stream that have arrived here
     * @param bytesSent bytes of the stream that were sent from here
     * @param failure why it was cut off; null if both directions were closed in an orderly way
     */
    public static void record(
            Object tunnel,
            int stream,
            long connected,
            long bytesReceived,
            long bytesSent,
            @Nullable Throwable failure) {
        VisitorEvent event = new VisitorEvent();
        if (!event.shouldCommit()) return;
        event.tunnel = tunnel.toString();
        event.stream = Integer.toUnsignedLong(stream);
        event.connected = connected;
        event.bytesReceived = bytesReceived;
        event.bytesSent = bytesSent;
        event.cause = failure == null ? "" : failure.toString();
        event.commit();
    }
}
