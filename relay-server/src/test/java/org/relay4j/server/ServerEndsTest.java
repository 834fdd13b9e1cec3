package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.Socket;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** How the end of a direction, of a visitor and of a tunnel is carried through: protocol, section 1, points 5 and 6. */
@ExtendWith(LeakCheck.class)
class ServerEndsTest {
    private RelayServer server;
    private RawClient client;

    @BeforeEach
    void start() throws IOException {
        server = RelayServer.start(0);
        client = RawClient.establish(server);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
    }

    // ---- directions

    @Test
    void visitorThatHasSaidEverythingStillGetsALateReply() throws IOException {
        try (Socket visitor = visit()) {
            Visitor.send(visitor, "request");
            visitor.shutdownOutput();
            client.yamux().expect(WireFrame.data(1, "request"), WireFrame.window(1, FIN, 0));
            client.yamux().expectNothing();
            client.yamux().send(WireFrame.data(1, "late "));
            Visitor.expect(visitor, "late ");
            client.yamux().send(WireFrame.data(1, "reply"), WireFrame.window(1, FIN, 0));
            Visitor.expect(visitor, "reply");
            Visitor.expectEnd(visitor);
        }
        client.yamux().expectNothing();
        awaitVisitors(0);
    }

    @Test
    void serviceThatHasSaidEverythingStillHearsTheVisitor() throws IOException {
        try (Socket visitor = visit()) {
            client.yamux().send(WireFrame.data(1, FIN, "goodbye".getBytes(US_ASCII)));
            Visitor.expect(visitor, "goodbye");
            Visitor.expectEnd(visitor);
            Visitor.send(visitor, "one more thing");
            client.yamux().expect(WireFrame.data(1, "one more thing"));
            visitor.shutdownOutput();
            client.yamux().expect(WireFrame.window(1, FIN, 0));
            awaitVisitors(0);
        }
    }

    @Test
    void visitorThatSendsNothingAtAllIsCarriedToo() throws IOException {
        try (Socket visitor = visit()) {
            visitor.shutdownOutput();
            client.yamux().expect(WireFrame.window(1, FIN, 0));
            client.yamux().send(WireFrame.window(1, FIN, 0));
            Visitor.expectEnd(visitor);
            awaitVisitors(0);
        }
    }

    @Test
    void replyThatWaitsForASlowVisitorIsCompleteBeforeItsEnd() throws IOException {
        byte[] reply = new byte[16 << 20];
        new Random(1).nextBytes(reply);
        try (Socket visitor = client.visit();
                Session session = sessionOfAnotherClient();
                Socket other = Visitor.connect(portOfAnotherClient)) {
            Stream stream = session.accept();
            Call<Void> sending = Call.run(() -> {
                stream.getOutputStream().write(reply);
                stream.shutdownOutput();
            });
            sending.awaitBlocked(); // the kernel and the window are full
            assertArrayEquals(reply, other.getInputStream().readNBytes(reply.length));
            Visitor.expectEnd(other);
            sending.result();
            assertEquals(2, server.visitorCount(), visitor::toString);
        }
    }

    private int portOfAnotherClient;

    private Session sessionOfAnotherClient() throws IOException {
        RawClient another = RawClient.connect(server);
        portOfAnotherClient = another.port();
        return another.session();
    }

    // ---- resets

    @Test
    void resetOfTheVisitorIsAResetOfTheStream() throws IOException {
        try (Socket visitor = visit()) {
            Visitor.send(visitor, "begun");
            client.yamux().expect(WireFrame.data(1, "begun"));
            Visitor.reset(visitor);
        }
        client.yamux().expect(WireFrame.window(1, RST, 0));
        awaitVisitors(0);
    }

    @Test
    void visitorThatClosesWhileTheServiceSpeaksResetsTheStream() throws IOException {
        try (Socket visitor = visit()) {
            visitor.shutdownOutput();
        } // its kernel answers to everything that still comes with a reset
        client.yamux().expect(WireFrame.window(1, FIN, 0));
        awaitReset(1);
        awaitVisitors(0);
    }

    private void awaitReset(int id) throws IOException {
        while (true) {
            // The reset of the kernel comes back some time after the data was written.
            client.yamux().send(WireFrame.data(id, "nobody reads this"), WireFrame.ping(SYN, 9));
            WireFrame frame = client.yamux().next();
            if (frame.equals(WireFrame.window(id, RST, 0))) break;
            assertEquals(WireFrame.ping(ACK, 9), frame);
        }
        client.yamux().expect(WireFrame.ping(ACK, 9));
    }

    @Test
    void resetOfTheStreamIsAResetOfTheVisitor() throws IOException {
        try (Socket visitor = visit()) {
            client.yamux().send(WireFrame.data(1, "half a rep"));
            Visitor.expect(visitor, "half a rep");
            client.yamux().send(WireFrame.window(1, RST, 0));
            Visitor.expectReset(visitor);
            awaitVisitors(0);
        }
        client.yamux().expectNothing();
    }

    @Test
    void refusedStreamIsAResetOfTheVisitor() throws IOException {
        try (Socket visitor = visit()) {
            client.yamux().send(WireFrame.window(1, RST, 0));
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void replyThatWasCompleteBeforeAResetArrives() throws IOException {
        try (Socket visitor = visit()) {
            client.yamux().send(WireFrame.data(1, FIN, "complete".getBytes(US_ASCII)), WireFrame.window(1, RST, 0));
            Visitor.expect(visitor, "complete");
            awaitVisitors(0);
        }
    }

    @Test
    void resetConcernsOneVisitorAlone() throws IOException {
        try (Socket one = visit();
                Socket two = client.visit()) {
            client.yamux().expect(WireFrame.window(3, SYN, 0));
            client.yamux().send(WireFrame.window(1, RST, 0), WireFrame.data(3, "fine"));
            Visitor.expectReset(one);
            Visitor.expect(two, "fine");
            Visitor.send(two, "thanks");
            client.yamux().expect(WireFrame.data(3, "thanks"));
            awaitVisitors(1);
        }
    }

    @Test
    void dataBehindFinIsAnErrorOfThatStreamAlone() throws IOException {
        try (Socket visitor = visit()) {
            client.yamux().send(WireFrame.window(1, FIN, 0), WireFrame.data(1, "afterthought"));
            client.yamux().expect(WireFrame.window(1, RST, 0));
            assertThrows(IOException.class, () -> {
                while (true) visitor.getOutputStream().write(new byte[1024]);
            });
            client.yamux().expectNothing();
            awaitVisitors(0);
        }
    }

    // ---- the end of a tunnel

    /** The ways in which a tunnel ends without a farewell. */
    enum Loss {
        FIN {
            @Override
            void of(RawClient client) throws IOException {
                client.close();
            }
        },
        RESET {
            @Override
            void of(RawClient client) throws IOException {
                client.yamux().reset();
            }
        },
        WITHIN_A_FRAME {
            @Override
            void of(RawClient client) throws IOException {
                client.yamux().send(WireFrame.of(0, 0, 1, 1_000, new byte[10]));
                client.close();
            }
        },
        WITHIN_A_HEADER {
            @Override
            void of(RawClient client) throws IOException {
                client.yamux().send(WireFrame.hex("0000 0000"));
                client.close();
            }
        },
        PROTOCOL_ERROR {
            @Override
            void of(RawClient client) throws IOException {
                client.yamux().send(WireFrame.hex("FF00 0000 00000000 00000000"));
            }
        };

        abstract void of(RawClient client) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void lossOfTheTunnelResetsEveryVisitorAndClosesThePort(Loss loss) throws IOException {
        try (Socket receiving = visit();
                Socket replied = client.visit();
                Socket silent = client.visit();
                Socket sending = client.visit()) {
            for (int id = 3; id <= 7; id += 2) client.yamux().expect(WireFrame.window(id, SYN, 0));
            client.yamux().send(WireFrame.data(1, "half of"));
            Visitor.expect(receiving, "half of");
            // A visitor whose reply is complete keeps it; its other direction is cut off all the same.
            client.yamux().send(WireFrame.data(3, FIN, "whole".getBytes(US_ASCII)));
            Visitor.expect(replied, "whole");
            Visitor.expectEnd(replied);
            Call<Void> upload = Call.run(() -> {
                while (true) sending.getOutputStream().write(new byte[1024]);
            });
            assertEquals(7, client.yamux().next().id());

            loss.of(client);

            Visitor.expectReset(receiving);
            Visitor.expectReset(silent);
            assertEquals(
                    java.net.SocketException.class,
                    upload.failure(java.net.SocketException.class).getClass());
            assertThrows(IOException.class, () -> {
                while (true) replied.getOutputStream().write(new byte[1024]);
            });
            Visitor.awaitRefused(client.port());
            awaitVisitors(0);
            Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
        }
    }

    @Test
    void lossOfOneTunnelLeavesTheOthersAlone() throws IOException {
        try (RawClient other = RawClient.establish(server);
                Socket visitor = other.visit()) {
            other.yamux().expect(WireFrame.window(1, SYN, 0));
            client.yamux().reset();
            Visitor.awaitRefused(client.port());
            other.yamux().send(WireFrame.data(1, "fine"));
            Visitor.expect(visitor, "fine");
            other.yamux().expectNothing();
        }
    }

    /** The first visitor, announced as stream 1. */
    private Socket visit() throws IOException {
        Socket visitor = client.visit();
        client.yamux().expect(WireFrame.window(1, SYN, 0));
        return visitor;
    }

    private void awaitVisitors(int count) {
        Await.until(count + " visitors", () -> server.visitorCount() == count);
    }
}
