package org.relay4j.yamux.io;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;

/** A flight recorder event: a stream had data to send but was blocked. */
@Name("org.relay4j.Stall")
@Label("Relay Stall")
@Category("Relay")
@Description("A stream had data to send but waited for the peer's window or for room in the session's output")
@Threshold("20 ms")
@StackTrace(false)
public final class StallEvent extends Event {
    /** Never recorded: tells whether others are, without an allocation for each stall. */
    private static final StallEvent UNRECORDED = new StallEvent();

    @Label("Session")
    @Nullable
    String session;

    @Label("Stream")
    long stream; // id, unsigned

    @Label("Waited For")
    @Nullable
    String waitedFor;

    private StallEvent() {}

    /** Returns true if this event is being recorded. */
    static boolean isRecorded() {
        return UNRECORDED.isEnabled();
    }

    /** Starts a stall event now. Returns null if the event is not being recorded. */
    static @Nullable StallEvent begun(MuxStream stream) {
        if (!isRecorded()) return null;
        StallEvent event = new StallEvent();
        event.stream = Integer.toUnsignedLong(stream.id());
        event.waitedFor = stream.sendWindow() == 0 ? "window" : "output";
        event.begin();
        return event;
    }

    /** Ends the event and commits it. */
    public void ended(Object owner) {
        end();
        if (!shouldCommit()) return;
        session = owner.toString();
        commit();
    }
}
