package org.relay4j.api.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A flight recorder event: the time for which a tunnel stood. */
@Name("org.relay4j.Tunnel")
@Label("Relay Tunnel")
@Category("Relay")
@Description("A connection between a relay client and a relay server, from its beginning to its end")
@StackTrace(false)
public final class TunnelEvent extends Event {
    @Label("Tunnel")
    @Nullable
    String tunnel;

    @Label("Cause")
    @Description("Why it has ended; empty when the client has closed it itself")
    @Nullable
    String cause;

    private TunnelEvent() {}

    /** A tunnel that begins now. A recording may begin later, and see its end. */
    public static TunnelEvent begun() {
        TunnelEvent event = new TunnelEvent();
        event.begin();
        return event;
    }

    /** The tunnel has ended; the cause is null when this side closed it. */
    public void ended(String name, @Nullable String why) {
        end();
        if (!shouldCommit()) return;
        tunnel = name;
        cause = why == null ? "" : why;
        commit();
    }
}
