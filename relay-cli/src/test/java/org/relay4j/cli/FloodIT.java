package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;

/**
 * Strangers flood a server: its tunnel goes on, newcomers are served, and nothing is left afterwards. How much of its throughput the
 * tunnel keeps is printed by FaultFigures.
 */
@Tag("peers")
@Tag("slow")
@Timeout(240)
class FloodIT {
    /** Heap and direct memory of the server are bounded by 256 MiB each; a flood must not come near that. */
    private static final long MOST_MEMORY = 320; // MiB

    private static final long HURRY =
            Duration.ofSeconds(Boolean.getBoolean("relay.nightly") ? 20 : 5).toNanos();
    private static final long OTHER_FILES = 8; // of the JVM

    @TempDir
    private static Path folder;

    private static String pin;

    @BeforeAll
    static void makeCertificate() throws Exception {
        pin = ChildProcess.makeCertificate(folder);
    }

    @ParameterizedTest
    @EnumSource
    void tunnelGoesOnAndNewcomersAreServed(Flood.Kind kind) throws Exception {
        try (FloodedTunnel tunnel = new FloodedTunnel(folder, kind.tls ? pin : null)) {
            long files = Flood.openFiles(tunnel.server);
            try (Flood flood = kind.start(tunnel.controlPort, tunnel.publicPort)) {
                long end = System.nanoTime() + (kind.isHasty() ? HURRY : 0);
                do {
                    tunnel.serveNewVisitor();
                    tunnel.serveNewClient();
                    tunnel.steady.awaitBytes(1 << 20);
                } while (System.nanoTime() - end < 0);
                long memory = Flood.residentMemory(tunnel.server);
                assertTrue(memory < MOST_MEMORY, () -> memory + " MiB after " + flood.count() + " connections");
                assertTrue(flood.count() > 500, "connections: " + flood.count());
            }
            Await.until(
                    () -> "the files of the flood are closed " + tunnel.server,
                    () -> Flood.openFiles(tunnel.server) <= files + OTHER_FILES);
            tunnel.steady.awaitBytes(1 << 20);
            assertEquals(0, tunnel.forwarder.waitingLines(), () -> "another tunnel: " + tunnel.forwarder);
            assertTrue(!tunnel.server.errors().contains("ERROR"), tunnel.server::toString);
        }
    }
}
