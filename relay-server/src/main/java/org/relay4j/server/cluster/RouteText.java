package org.relay4j.server.cluster;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.server.registry.Entry;

/** The text of a route. The epoch is always stated. */
record RouteText(String tunnel, long epoch, int loop) {
    /** Returns the text in an entry; null if it is not that of a route. */
    static @Nullable RouteText of(Entry entry) {
        ControlLine line = NodeText.line("route", entry.value());
        if (line == null) return null;
        String tunnel = line.value("tunnel");
        int loop = line.number("loop");
        long epoch = Epoch.of(line, entry);
        return tunnel == null || loop < 0 || epoch == Epoch.DAMAGED ? null : new RouteText(tunnel, epoch, loop);
    }

    @Override
    public String toString() {
        return "route tunnel=" + tunnel + " epoch=" + epoch + " loop=" + loop;
    }
}
