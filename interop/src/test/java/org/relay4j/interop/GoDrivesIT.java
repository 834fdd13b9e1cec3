package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.SessionException.Reason;

/** A session on hashicorp/yamux that opens streams to ours, and checks everything itself. */
@ParameterizedClass
@CsvSource({
    "CLIENT_ON_LOOP, DEFAULT",
    "SERVER_ON_LOOP, LIKE_FRP",
    "CLIENT_ON_THREADS, LIKE_FRP",
    "SERVER_ON_THREADS, DEFAULT"
})
@ExtendWith(LeakCheck.EachTest.class)
@Tag("peers")
class GoDrivesIT {
    private static final int SCENARIOS = 12;

    private final YamuxPeer.Kind kind;
    private final Windows windows;

    GoDrivesIT(YamuxPeer.Kind kind, Windows windows) {
        this.kind = kind;
        this.windows = windows;
    }

    @Test
    void allScenariosOfGo() throws Exception {
        List<String> flags = windows.flags("-idle", "500ms");
        try (YamuxPeer peer =
                YamuxPeer.driving(Peer.HASHICORP, kind, windows.options().build(), flags)) {
            BehaviourServer.on(peer.session());
            int status = peer.process().awaitExit();
            List<String> lines = peer.process().lines();
            assertEquals(0, status, peer.process()::toString);
            assertEquals(
                    SCENARIOS,
                    lines.stream().filter(line -> line.startsWith("ok ")).count(),
                    peer.process()::toString);
            assertTrue(peer.session().awaitEnd(Duration.ofMillis(Visitor.DEADLINE)));
            assertEquals(Reason.CLOSED_BY_PEER, peer.session().ended().reason());
        }
    }
}
