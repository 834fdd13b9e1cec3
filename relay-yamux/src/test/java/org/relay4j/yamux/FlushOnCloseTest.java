package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.relay4j.yamux.testing.WireFrame.RST;
import static org.relay4j.yamux.testing.WireFrame.goAway;
import static org.relay4j.yamux.testing.WireFrame.window;

import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.yamux.testing.Call;
import org.relay4j.yamux.testing.LeakCheck;
import org.relay4j.yamux.testing.Transport;
import org.relay4j.yamux.testing.WireFrame;

/** What was to be sent when the session was closed. */
class FlushOnCloseTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @RepeatedTest(10)
    void peerThatEndsItsDirectionMeanwhileGetsAllOfIt() throws Exception {
        try (Scripted scripted = Scripted.client(Transport.SOCKET)) {
            Stream stream = scripted.open();
            scripted.peer().send(window(1, 0, 64 << 20));
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[32 << 20]));
            write.awaitBlocked();
            scripted.session().close();
            scripted.peer().shutdownOutput();
            write.failure(SessionException.class);
            WireFrame last = null;
            WireFrame frame = scripted.peer().next();
            for (; !frame.equals(goAway(0)); frame = scripted.peer().next()) last = frame;
            assertEquals(window(1, RST, 0), last);
            scripted.peer().expectEnd();
        }
    }
}
