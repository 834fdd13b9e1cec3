package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the lines of standard output say, and the pair of processes that most tests need. */
final class RelayPair implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("listening on (\\S+):(\\d+)");
    private static final Pattern RELAYING = Pattern.compile("relaying (\\S+):(\\d+) -> (\\S+):(\\d+)");

    final ChildProcess server;
    final ChildProcess forwarder;
    final int controlPort;
    final int publicPort;

    /** Starts a server on any port, and a forwarder to a service on this machine. */
    RelayPair(int localPort) throws InterruptedException {
        server = ChildProcess.relay("--bind=127.0.0.1", "--public-bind=127.0.0.1", "0");
        ChildProcess started = null;
        try {
            controlPort = controlPort(server.line());
            started = ChildProcess.relay("--localForwardPort=" + localPort, "127.0.0.1", String.valueOf(controlPort));
            publicPort = publicPort(started.line(), localPort);
            forwarder = started;
        } catch (AssertionError | InterruptedException e) {
            server.close();
            if (started != null) started.close();
            throw e;
        }
    }

    /** The port in a server's line. */
    static int controlPort(String line) {
        Matcher matcher = LISTENING.matcher(line);
        assertTrue(matcher.matches(), line);
        return Integer.parseInt(matcher.group(2));
    }

    /** The public port in a forwarder's line. */
    static int publicPort(String line, int localPort) {
        Matcher matcher = RELAYING.matcher(line);
        assertTrue(matcher.matches(), line);
        assertEquals("localhost", matcher.group(3));
        assertEquals(localPort, Integer.parseInt(matcher.group(4)));
        return Integer.parseInt(matcher.group(2));
    }

    /** The public port in a forwarder's line, wherever the local service is. */
    static int publicPort(String line) {
        Matcher matcher = RELAYING.matcher(line);
        assertTrue(matcher.matches(), line);
        return Integer.parseInt(matcher.group(2));
    }

    /** Ends both in order; nothing may have gone wrong, and the tunnel must have been the same all the time. */
    void finish() throws InterruptedException {
        assertEquals(0, forwarder.waitingLines(), "the tunnel was lost and is another one now");
        forwarder.terminate();
        server.terminate();
        for (ChildProcess process : new ChildProcess[] {forwarder, server}) {
            String errors = process.errors();
            assertTrue(!errors.contains("WARN") && !errors.contains("ERROR") && !errors.contains("\tat "), errors);
        }
    }

    @Override
    public void close() {
        forwarder.close();
        server.close();
    }
}
