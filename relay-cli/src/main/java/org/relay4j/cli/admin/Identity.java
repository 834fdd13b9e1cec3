package org.relay4j.cli.admin;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.relay4j.cli.json.JsonLine;

/** The fields with which the JSON of both sides begins. */
final class Identity {
    private Identity() {}

    static JsonLine start(String role, boolean draining, Instant since) {
        return new JsonLine()
                .with("role", role)
                .with("version", version())
                .with("state", draining ? "draining" : "serving")
                .with("time", time(Instant.now()))
                .with("since", time(since));
    }

    /** Returns the version of Relay, from the manifest of relay.jar. */
    static String version() {
        String version = Identity.class.getPackage().getImplementationVersion();
        return version == null ? "(unpackaged)" : version;
    }

    static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
