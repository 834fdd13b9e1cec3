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
                .with("version", ProgramVersion.text())
                .with("state", draining ? "draining" : "serving")
                .with("time", time(Instant.now()))
                .with("since", time(since));
    }

    static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
