package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The service managers wait longer than the grace period before they kill Relay. */
class GracePeriodTest {
    private static final int MARGIN = 10; // s; for closing everything else, as in Shutdown

    @ParameterizedTest
    @CsvSource({
        "SERVER, packaging/systemd/relay-server.service, TimeoutStopSec",
        "FORWARDER, packaging/systemd/relay-forwarder.service, TimeoutStopSec",
        "SERVER, deploy/kubernetes/relay-server.yaml, terminationGracePeriodSeconds",
        "SERVER, deploy/kubernetes/relay-cluster.yaml, terminationGracePeriodSeconds",
    })
    void managersWaitLonger(Mode mode, String file, String setting) throws IOException {
        String text = Files.readString(Path.of(System.getProperty("relay.root"), file));
        List<Integer> seconds = Pattern.compile("(?m)^ *" + setting + "[=:] ?(\\d+)$")
                .matcher(text)
                .results()
                .map(match -> match.group(1))
                .map(Integer::valueOf)
                .toList();
        assertEquals(1, seconds.size(), text);
        String grace = Flag.GRACE_PERIOD.usual(mode);
        assertTrue(grace.matches("\\d+s"), grace);
        int least = Integer.parseInt(grace.substring(0, grace.length() - 1)) + MARGIN;
        assertTrue(
                seconds.get(0) > least,
                () -> file + ": " + seconds.get(0) + " s, but it needs more than " + least + " s");
    }
}
