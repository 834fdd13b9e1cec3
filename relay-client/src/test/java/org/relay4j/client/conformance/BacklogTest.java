package org.relay4j.client.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Visitor;

/** Visitors that wait to be accepted. */
class BacklogTest extends Conformance {
    @Test
    void asManyAsItHasRoomForAreAccepted() throws IOException {
        try (Endpoint small = setting.kind().open(2);
                Socket one = small.visit();
                Socket two = small.visit()) {
            if (differs(Difference.BACKLOG)) expectReset(small);
            for (Socket visitor : new Socket[] {one, two}) {
                try (Socket accepted = small.listener().accept()) {
                    Visitor.send(accepted, "welcome");
                    Visitor.expect(visitor, "welcome");
                }
            }
        }
    }

    /** One more visitor is reset, perhaps before its connect returns. */
    private static void expectReset(Endpoint full) throws IOException {
        Socket visitor;
        try {
            visitor = full.visit();
        } catch (SocketException e) {
            assertEquals("Connection reset by peer", e.getMessage());
            return;
        }
        try (visitor) {
            Visitor.expectReset(visitor);
        }
    }
}
