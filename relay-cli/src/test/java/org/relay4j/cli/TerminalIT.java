package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.relay4j.testing.FixedPort;

/** A forwarder on a terminal and in a pipe. The terminal is made by the program script, of util-linux. */
@Tag("peers")
@EnabledOnOs(value = OS.LINUX, disabledReason = "needs script of util-linux")
class TerminalIT {
    private static final String WARN = "\u001b[33mWARN\u001b[0m";

    /** Starts a forwarder without a server on a terminal, which is the standard output of the returned process. */
    private static ChildProcess onTerminal(Map<String, String> variables, int port, String... options) {
        List<String> relay = ChildProcess.relayBuilder(Map.of(), options).command();
        String line = String.join(" ", relay) + " --retry-first --localForwardPort=9 127.0.0.1:" + port;
        ProcessBuilder builder = ChildProcess.builder("script", "--quiet", "--command", line, "/dev/null");
        builder.environment().keySet().removeIf(name -> name.startsWith("RELAY_") || name.equals("NO_COLOR"));
        builder.environment().put("TERM", "xterm");
        builder.environment().putAll(variables);
        builder.redirectInput(Path.of("/dev/null").toFile());
        return ChildProcess.start(builder);
    }

    /** Returns what a forwarder writes until it has tried to connect. A carriage return ends a line, too. */
    private static String until(ChildProcess forwarder, String part) throws InterruptedException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf(part) < 0) text.append(forwarder.line()).append('\n');
        return text.toString();
    }

    @Test
    void attemptsAreVisibleAndColoured() throws Exception {
        int port = FixedPort.free();
        try (ChildProcess forwarder = onTerminal(Map.of(), port)) {
            String text = until(forwarder, "WARN");
            assertTrue(text.contains("\u001b[Kconnecting to 127.0.0.1:" + port + " ..."), text);
            assertTrue(text.contains(WARN), text);
        }
    }

    @Test
    void noColour() throws Exception {
        int port = FixedPort.free();
        try (ChildProcess forwarder = onTerminal(Map.of("NO_COLOR", "1"), port)) {
            String text = until(forwarder, "WARN");
            assertTrue(text.contains("connecting to 127.0.0.1:" + port), text);
            assertFalse(text.contains("\u001b[3"), text);
        }
        try (ChildProcess forwarder = onTerminal(Map.of(), port, "--quiet")) {
            String text = until(forwarder, "WARN");
            assertFalse(text.contains("connecting to"), text);
        }
    }

    @Test
    void aPipeHasNeither() throws Exception {
        int port = FixedPort.free();
        try (ChildProcess forwarder = ChildProcess.relay(
                Map.of("TERM", "xterm"), "--retry-first", "--localForwardPort=9", "127.0.0.1:" + port)) {
            String line = forwarder.errorLine("WARN");
            assertEquals(-1, forwarder.errors().indexOf('\u001b'), line);
            assertEquals(-1, forwarder.errors().indexOf('\r'), line);
            assertFalse(forwarder.errors().contains("connecting to"), forwarder::toString);
        }
    }
}
