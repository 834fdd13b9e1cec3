package org.relay4j.client.conformance;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Visitor;

/** Visitors that wait to be accepted. */
class BacklogTest extends Conformance {
    @Test
    void asManyAsItHasRoomForAreAccepted() throws IOException {
        try (Endpoint small = setting.kind().open(2);
                Socket one = small.visit();
                Socket two = small.visit()) {
            if (differs(Difference.BACKLOG)) {
                try (Socket three = small.visit()) {
                    Visitor.expectReset(three);
                }
            }
            for (Socket visitor : new Socket[] {one, two}) {
                try (Socket accepted = small.listener().accept()) {
                    Visitor.send(accepted, "welcome");
                    Visitor.expect(visitor, "welcome");
                }
            }
        }
    }
}
