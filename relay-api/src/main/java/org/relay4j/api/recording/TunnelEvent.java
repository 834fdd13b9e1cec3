package org.relay4j.api.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A flight recorder event: the lifetime of a tunnel. */
@Name("org.relay4j.Tunnel")
@Label("Relay Tunnel")
@Category("Relay")
@Description("The lifetime of a connection between a relay client and a relay server")
@StackTrace(false)
public final class TunnelEvent extends Event {
    @Label("Tunnel")
    @Nullable
    String tunnel;

    @Label("Cause")
    @Description("Why the tunnel has ended; empty if the client closed it")
    @Nullable
    String cause;

    private TunnelEvent() {}

    /** Starts an event for a tunnel that comes up now. It is committed even if the recording starts later. */
    public static TunnelEvent begun() {
        TunnelEvent event = new TunnelEvent();
        event.begin();
        return event;
    }

    /**
     * Ends the event and commits it if a recording is running.
     *
     * @param name the name of the tunnel
     * @param why why the tunnel has ended; null if this side closed it
     */
    public void ended(String name, @Nullable String why) {
        end();
        if (!shouldCommit()) return;
        tunnel = name;
        cause = why == null ? "" : why;
        commit();
    }
}
