package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Cases for opening streams, and for their number. */
final class OpeningCases {
    private static final String SECTION = "Opening a stream";
    private static final Rule ON_ANY_FRAME =
            Rule.spec("Flag Field", "SYN on a Data or Window Update frame opens the stream.");
    private static final Rule MANY = Rule.spec(SECTION, "Each stream is accepted with ACK or rejected with RST.");
    private static final Rule AT_ONCE =
            Rule.robust("The number of streams is limited, but the limit is higher than a busy program needs.");
    private static final Rule COMBINED = Rule.robust("Flags are bits, not values. Each flag of a frame takes effect.");
    private static final int MANY_STREAMS = 300;
    private static final int UNANSWERED = 100; // streams; well below the usual accept backlog of 256

    private OpeningCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        flags(cases);
        ids(cases);
        acknowledgement(cases);
        numbers(cases);
        return cases;
    }

    private static void flags(List<Case> cases) {
        byte[] body = Payload.of(100);
        cases.add(Case.must("syn/window", "SYN on a Window Update", ON_ANY_FRAME, peer -> {
            KitStream stream = peer.open();
            return echoes(stream, body);
        }));
        cases.add(Case.must("syn/data-empty", "SYN on Data without a body", ON_ANY_FRAME, peer -> {
            KitStream stream = peer.newStream();
            stream.data(Frame.SYN, new byte[0]);
            return echoes(stream, body);
        }));
        cases.add(Case.must("syn/data", "SYN on Data with a body", ON_ANY_FRAME, peer -> {
            KitStream stream = peer.newStream();
            stream.data(Frame.SYN, body);
            stream.window(Frame.FIN, 0);
            stream.expectEchoAndFin(body);
            return "opened, and the body was echoed";
        }));
        cases.add(Case.should("syn/fin", "SYN and FIN on a Window Update", COMBINED, peer -> {
            KitStream stream = peer.newStream();
            stream.window(Frame.SYN | Frame.FIN, 0);
            stream.expectEchoAndFin(new byte[0]);
            peer.survives();
            return "FIN in return";
        }));
        cases.add(Case.should("syn/fin-data", "SYN and FIN on Data with a body", COMBINED, peer -> {
            KitStream stream = peer.newStream();
            stream.data(Frame.SYN | Frame.FIN, body);
            stream.expectEchoAndFin(body);
            return "the body was echoed, then FIN";
        }));
        cases.add(Case.should("syn/rst", "SYN and RST on a Window Update", COMBINED, peer -> {
            peer.newStream().window(Frame.SYN | Frame.RST, 0);
            peer.survives();
            return "the session continues";
        }));
        cases.add(Case.should("syn/ack", "SYN and ACK on a Window Update", COMBINED, peer -> {
            KitStream stream = peer.newStream();
            stream.window(Frame.SYN | Frame.ACK, 0);
            stream.data(0, body);
            stream.expectEcho(body);
            return "opened";
        }));
    }

    private static String echoes(KitStream stream, byte[] body) throws Deviation, IOException {
        stream.data(0, body);
        stream.window(Frame.FIN, 0);
        stream.expectEchoAndFin(body);
        return "opened";
    }

    private static void ids(List<Case> cases) {
        Rule order = Rule.interop(
                "hashicorp/yamux and rust-yamux, which assign an id before they send the SYN",
                "Ids may arrive in any order.");
        cases.add(Case.must("syn/order", "descending ids", order, peer -> {
            List<KitStream> streams = new ArrayList<>();
            for (int i = 0; i < 4; i++) streams.add(0, peer.newStream());
            for (KitStream stream : streams) {
                stream.window(Frame.SYN, 0);
                stream.data(0, Payload.of(8, stream.id()));
            }
            for (KitStream stream : streams) stream.expectEcho(Payload.of(8, stream.id()));
            return "all opened";
        }));
        cases.add(Case.must(
                "syn/high-id", "the highest id", Rule.spec("Framing", "Ids are unsigned 32-bit numbers."), peer -> {
                    KitStream stream = peer.stream(peer.role() == Role.CLIENT ? -3 : -4);
                    stream.window(Frame.SYN, 0);
                    return echoes(stream, Payload.of(100));
                }));
    }

    private static void acknowledgement(List<Case> cases) {
        byte[] body = Payload.of(100);
        cases.add(Case.must(
                "open/without-ack",
                "a whole conversation before any reply",
                Rule.spec(SECTION, "Data may follow the SYN without waiting for ACK."),
                peer -> {
                    KitStream stream = peer.newStream();
                    peer.together(() -> {
                        stream.window(Frame.SYN, 0);
                        stream.data(0, body);
                        stream.window(Frame.FIN, 0);
                    });
                    stream.expectEchoAndFin(body);
                    return "echoed, then FIN";
                }));
        cases.add(Case.must(
                "ack/sent",
                "a stream with data is acknowledged",
                Rule.spec(SECTION, "The answer to SYN is ACK or RST."),
                peer -> {
                    KitStream stream = Situation.open(peer).stream();
                    if (stream.acks() == 0) throw new Deviation("data without ACK");
                    return "ACK before or with the data";
                }));
        cases.add(Case.should(
                "ack/once",
                "one ACK for each stream",
                Rule.interop(
                        "hashicorp/yamux, which counts a second ACK for another stream",
                        "Each stream is acknowledged once."),
                peer -> {
                    KitStream stream = Situation.closed(peer).stream();
                    peer.survives();
                    if (stream.acks() != 1) throw new Deviation(stream.acks() + " ACKs");
                    return "one ACK";
                }));
        cases.add(Case.should(
                "ack/at-once",
                "a stream without data is acknowledged",
                Rule.interop(
                        "hashicorp/yamux, which ends the session if a stream is not acknowledged within 75 s",
                        "ACK does not wait for data."),
                peer -> {
                    KitStream stream = peer.open();
                    if (!peer.await(() -> stream.acks() > 0))
                        throw new Deviation("no ACK without data: " + stream.state());
                    return "ACK";
                }));
    }

    private static void numbers(List<Case> cases) {
        cases.add(Case.should("open/many", MANY_STREAMS + " streams open at once", AT_ONCE, peer -> {
            List<KitStream> streams = openAll(peer);
            for (KitStream stream : streams) stream.data(0, Payload.of(8, stream.id() + 1));
            for (KitStream stream : streams) stream.expectEchoAfter(8, Payload.of(8, stream.id() + 1));
            for (KitStream stream : streams) stream.window(Frame.FIN, 0);
            for (KitStream stream : streams) stream.expectEndOf(16);
            return "all echo";
        }));
        cases.add(Case.must("open/burst", MANY_STREAMS + " streams opened in one segment", MANY, peer -> {
            List<KitStream> streams = new ArrayList<>();
            for (int i = 0; i < MANY_STREAMS; i++) streams.add(peer.newStream());
            peer.together(() -> {
                for (KitStream stream : streams) {
                    stream.window(Frame.SYN, 0);
                    stream.data(0, Payload.of(8));
                }
            });
            int refused = 0;
            for (KitStream stream : streams) {
                peer.await(() -> stream.receivedBytes() >= 8 || stream.resets() > 0);
                if (stream.resets() > 0) refused++;
                else if (stream.receivedBytes() < 8)
                    throw new Deviation("neither echo nor RST on a stream: " + stream.state());
            }
            if (refused == 0) peer.survives(); // with a full backlog a new stream might be refused too
            return refused == 0 ? "all echo" : refused + " refused with RST";
        }));
        cases.add(Case.must("open/churn", "1000 streams opened and ended, one after another", MANY, peer -> {
            for (int i = 0; i < 1000; i++) {
                KitStream stream = peer.open();
                stream.window(Frame.FIN, 0);
                if (i % UNANSWERED == 0) stream.expectEchoAndFin(new byte[0]);
            }
            peer.survives();
            return "the session continues";
        }));
    }

    /** Opens streams, each of which echoes 8 bytes, and limits the number of unanswered ones. */
    private static List<KitStream> openAll(Peer peer) throws Deviation, IOException {
        List<KitStream> streams = new ArrayList<>();
        for (int i = 0; i < MANY_STREAMS; i++) {
            KitStream stream = peer.open();
            stream.data(0, Payload.of(8));
            streams.add(stream);
            if (i >= UNANSWERED) streams.get(i - UNANSWERED).expectEcho(Payload.of(8));
        }
        for (KitStream stream : streams) stream.expectEcho(Payload.of(8));
        return streams;
    }
}
