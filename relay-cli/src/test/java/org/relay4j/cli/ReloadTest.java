package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;

class ReloadTest {
    private final List<Arguments> applied = new CopyOnWriteArrayList<>();
    private final Recorder target = new Recorder();
    private @TempDir Path folder;
    private Path file;
    private Logged log;

    /** Takes all options of a server, and may refuse them. */
    private final class Recorder implements Reload.Target {
        private String refusal = "";

        @Override
        public void validate(Arguments fresh) {
            new ServerCommand(fresh, new Output(System.out, System.err, false), new Shutdown()).validate();
        }

        @Override
        public void apply(Arguments next, Set<Flag> changed) {
            if (!refusal.isEmpty()) throw new IllegalArgumentException(refusal);
            new ServerCommand(next, new Output(System.out, System.err, false), new Shutdown()).gracePeriod();
            applied.add(next);
        }
    }

    @BeforeEach
    void begin() throws IOException {
        file = folder.resolve("relay.toml");
        write("max-tunnels = 5");
        log = Logged.below("org.relay4j.cli");
    }

    @AfterEach
    void end() {
        log.close();
        StandardErrorLogging.level(Level.INFO);
    }

    @Test
    void changesAreAppliedAndTheOthersNamed() throws IOException {
        try (Reload reload = reload(Duration.ofHours(1))) {
            write("max-tunnels = 6\nbind = \"::1\"\nidle-timeout = \"10m\"");
            reload.reload();
            assertEquals(
                    List.of(
                            "INFO reload: idle-timeout changed from off to 10m (" + file + ":4:1)",
                            "INFO reload: max-tunnels changed from 5 to 6 (" + file + ":2:1)",
                            "WARN reload: bind changed from all addresses to ::1 (" + file
                                    + ":3:1), which needs a restart"),
                    log.lines());
            Arguments now = applied.get(0);
            assertEquals(6, value(now, Flag.MAX_TUNNELS).count());
            assertNull(now.get(Flag.BIND), "needs a restart");
            write("");
            reload.reload();
            assertNull(applied.get(1).get(Flag.MAX_TUNNELS));
            log.await("max-tunnels changed from 6 to 1000 (default)");
        }
    }

    @Test
    void aFailureChangesNothing() throws IOException {
        try (Reload reload = reload(Duration.ofHours(1))) {
            write("max-tunnels = 6\nmax-visitors = 0");
            reload.reload();
            String failed = "ERROR reload failed, the configuration stays as it was: ";
            assertEquals(failed + file + ":3:1: max-visitors is '0', it must be 1 to 1000000", last());
            write("max-tunnels = 6\nmax-visitor = 1");
            reload.reload();
            assertEquals(failed + file + ":3:1: unknown key \"max-visitor\" (did you mean max-visitors?)", last());
            write("max-tunnels = 6\nlog-level = \"loud\"");
            reload.reload();
            assertEquals(
                    failed + file + ":3:1: log-level is 'loud', it must be one of error, warn, info, debug, trace",
                    last());
            write("max-tunnels = 6\ngrace-period = \"soon\"");
            reload.reload();
            assertTrue(last().startsWith(failed + file + ":3:1: grace-period is 'soon'"), last());
            Files.writeString(file, "host = \"a\"\nport = 1\nlocal-forward-port = 80\n");
            reload.reload();
            assertTrue(last().contains("for a forwarder now, but this is a relay server"), last());
            Files.delete(file);
            reload.reload();
            assertEquals(failed + "cannot use --config: " + file + ": no such file", last());
            target.refusal = "no";
            write("max-tunnels = 6");
            reload.reload();
            assertEquals(failed + "no", last());
            assertEquals(List.of(), applied);
            target.refusal = "";
            reload.reload();
            assertEquals(6, value(applied.get(0), Flag.MAX_TUNNELS).count());
            assertEquals("INFO reload: max-tunnels changed from 5 to 6 (" + file + ":2:1)", last());
        }
    }

    @Test
    void aRequestBeforeTheStartIsServedThen() throws IOException {
        Arguments arguments = Arguments.of(List.of("--config=" + file), Map.of());
        try (Reload reload = new Reload(arguments, Duration.ofHours(1))) {
            write("max-tunnels = 6");
            reload.reload();
            assertEquals(List.of(), applied);
            reload.begin(target);
            assertEquals(6, value(applied.get(0), Flag.MAX_TUNNELS).count());
        }
    }

    @Test
    void aChangeBeforeTheStartIsNoticed() throws IOException {
        Arguments arguments = Arguments.of(List.of("--config=" + file), Map.of());
        write("max-tunnels = 60");
        try (Reload reload = new Reload(arguments, Duration.ofMillis(5)).begin(target)) {
            assertNotNull(reload);
            log.await("max-tunnels changed from 5 to 60");
        }
    }

    @Test
    void anOptionThatNeedsOneThatNeedsARestartWaitsForItToo() throws IOException {
        String pin = "sha256:" + "0".repeat(64);
        try (Reload reload = reload(Duration.ofHours(1))) {
            write("max-tunnels = 6\nextended = true\nproxy-certs = [\"" + pin + "\"]");
            reload.reload();
            Arguments now = applied.get(0);
            assertEquals(6, value(now, Flag.MAX_TUNNELS).count());
            assertNull(now.get(Flag.PROXY_CERTS));
            log.await("proxy-certs changed from none to " + pin + " (" + file + ":4:1), which needs a restart");
        }
    }

    @Test
    void whatWouldNotStartIsNotApplied() throws IOException {
        try (Reload reload = reload(Duration.ofHours(1))) {
            for (String wrong : List.of("admin = \"nonsense\"", "log-format = \"xml\"")) {
                write("max-tunnels = 6\n" + wrong);
                reload.reload();
                assertTrue(last().startsWith("ERROR reload failed"), last());
            }
            assertEquals(List.of(), applied);
        }
    }

    @Test
    void aChangedFileIsNoticed() throws IOException {
        try (Reload reload = reload(Duration.ofMillis(5))) {
            assertNotNull(reload);
            write("max-tunnels = 60");
            log.await("max-tunnels changed from 5 to 60");
            Files.delete(file);
            log.await("no such file");
            write("max-tunnels = 600");
            log.await("max-tunnels changed from 60 to 600");
        }
    }

    @Test
    void theLogLevelChanges() throws IOException {
        try (Reload reload = reload(Duration.ofHours(1))) {
            write("max-tunnels = 5\nlog-level = \"debug\"");
            reload.reload();
            assertTrue(StandardErrorLogging.showsDetails());
            write("max-tunnels = 5");
            reload.reload();
            log.await("log-level changed from debug to info (default)");
            Await.until("back", () -> !StandardErrorLogging.showsDetails());
        }
    }

    @Test
    void withoutAChange() throws IOException {
        try (Reload reload = reload(Duration.ofHours(1))) {
            reload.reload();
            assertEquals("INFO reload: no option has changed", last());
        }
    }

    @Test
    void anotherControlPortNeedsARestart() throws IOException {
        try (Reload reload = reload(Duration.ofHours(1))) {
            Files.writeString(file, "port = 7001\nmax-tunnels = 5\n");
            reload.reload();
            assertEquals(
                    "WARN reload: port changed from 7000 to 7001 (" + file + ":1:1), which needs a restart", last());
        }
    }

    @Test
    void tlsCannotBeSwitched() throws Exception {
        PemFiles.make(folder, "relay");
        try (Reload reload = reload(Duration.ofHours(1))) {
            write("max-tunnels = 5\ntls-cert = \"relay-cert.pem\"\ntls-key = \"relay-key.pem\"");
            reload.reload();
            log.await("tls-key changed from none to relay-key.pem (" + file + ":4:1), which needs a restart");
            assertNull(applied.get(0).get(Flag.TLS_CERT));
        }
    }

    private Reload reload(Duration interval) {
        Arguments arguments = Arguments.of(List.of("--config=" + file), Map.of());
        return new Reload(arguments, interval).begin(target);
    }

    private String last() {
        List<String> lines = log.lines();
        return lines.get(lines.size() - 1);
    }

    private static Value value(Arguments arguments, Flag flag) {
        Value value = arguments.get(flag);
        assertNotNull(value, flag.toString());
        return value;
    }

    /** At once, because the test must not read half of it. */
    private void write(String text) throws IOException {
        Path next = Files.writeString(folder.resolve("next.toml"), "port = 7000\n" + text + "\n");
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
    }
}
