package org.relay4j.client.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.relay4j.yamux.io.Threads;

/** What the tests run against, and the kind of thread they run on. */
record Setting(Endpoint.Kind kind, boolean virtual) {
    private static final ThreadFactory VIRTUAL = Threads.factory("test-virtual");

    /** All that this Java can do: virtual threads exist from 21 on. */
    static List<Setting> all() {
        List<Setting> all = new ArrayList<>();
        for (Endpoint.Kind kind : Endpoint.Kind.values()) {
            all.add(new Setting(kind, false));
            if (Threads.areVirtual()) all.add(new Setting(kind, true));
        }
        return all;
    }

    ThreadFactory threads() {
        if (virtual) return VIRTUAL;
        return task -> {
            Thread platform = new Thread(task, "test-platform");
            platform.setDaemon(true);
            return platform;
        };
    }

    @Override
    public String toString() {
        return kind + (virtual ? ", virtual threads" : ", platform threads");
    }
}
