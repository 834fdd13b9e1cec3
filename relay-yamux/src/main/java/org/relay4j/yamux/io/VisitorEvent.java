package org.relay4j.yamux.io;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;

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

    /** Records it, when somebody wants to know. */
    public static void record(Object tunnel, MuxStream stream, @Nullable Throwable failure) {
        VisitorEvent event = new VisitorEvent();
        if (!event.shouldCommit()) return;
        event.tunnel = tunnel.toString();
        event.stream = Integer.toUnsignedLong(stream.id());
        event.connected = stream.age();
        event.bytesReceived = stream.bytesReceived();
        event.bytesSent = stream.bytesSent();
        event.cause = failure == null ? "" : failure.toString();
        event.commit();
    }
}
