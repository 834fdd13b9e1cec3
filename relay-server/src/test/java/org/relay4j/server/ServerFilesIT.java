package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Program;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** A server that may have few files open. */
@ExtendWith(LeakCheck.class)
class ServerFilesIT {
    private static final int FILES = 100;
    private static final int VISITORS = 150;

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no sh and no ulimit")
    void serverThatIsOutOfFilesWaitsUntilThereAreSomeAgain() throws IOException {
        List<Socket> visitors = new ArrayList<>();
        try (Program program = Program.start(FILES, ServerProgram.class, List.of());
                RawClient client = RawClient.connect(control(program))) {
            Session session = client.session();
            Call<Void> echo = Call.run(() -> {
                while (true) echo(session.accept());
            });
            Socket first = Visitor.connect(client.port());
            visitors.add(first);
            assertEcho(first);

            while (visitors.size() < VISITORS) visitors.add(Visitor.connect(client.port()));
            program.await("cannot accept");
            assertEcho(first);
            session.ping();
            Call<RawClient> late = Call.of(() -> connectLate(control(program)));

            // Waiting visitors are served when others disconnect, so in the end all are.
            for (Socket visitor : visitors) {
                assertEcho(visitor);
                visitor.close();
            }
            try (RawClient another = late.result();
                    Socket visitor = Visitor.connect(client.port())) {
                another.answerPing();
                another.yamux().expectNothing();
                assertEcho(visitor);
            }
            assertTrue(program.isAlive());
            assertTrue(program.matching("ERROR").isEmpty(), program::toString);
            // Once a second, not each time.
            assertTrue(program.matching("cannot accept").size() < 20, program::toString);
            session.close();
            echo.failure(org.relay4j.yamux.SessionException.class);
            Await.until("the session is over", () -> session.awaitEnd(java.time.Duration.ofMillis(1)));
        } finally {
            for (Socket visitor : visitors) visitor.close();
        }
    }

    /** A client whose own connection gets the last file is refused, since there is none for its public port. */
    private static RawClient connectLate(InetSocketAddress control) throws IOException {
        while (true) {
            RawClient client = RawClient.connect(control);
            if (!client.line().startsWith("ERR ")) return client;
            assertEquals("ERR internal no public port can be opened", client.line());
            client.assertClosed();
            client.close();
        }
    }

    private static InetSocketAddress control(Program program) {
        int port = Integer.parseInt(program.await("port ").substring("port ".length()));
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static void echo(Stream stream) {
        Call.run(() -> {
            stream.getInputStream().transferTo(stream.getOutputStream());
            stream.close();
        });
    }

    private static void assertEcho(Socket visitor) throws IOException {
        Visitor.send(visitor, "echo");
        Visitor.expect(visitor, "echo");
    }
}
