package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Program;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Stream;

/** A server that is killed and cannot do anything any more: its kernel must not make a cut look like an end. */
@ExtendWith(LeakCheck.class)
class ServerKilledIT {
    @Test
    void visitorOfAKilledServerIsReset() throws IOException {
        try (Program program = Program.start(0, ServerProgram.class, List.of());
                RawClient client = RawClient.connect(control(program));
                Socket visitor = Visitor.connect(client.port())) {
            Stream stream = client.session().accept();
            stream.getOutputStream().write("half of a rep".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            Visitor.expect(visitor, "half of a rep");
            program.kill();
            Visitor.expectReset(visitor);
        }
    }

    private static InetSocketAddress control(Program program) {
        int port = Integer.parseInt(program.await("port ").substring("port ".length()));
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
