package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Cases for FIN and RST on every frame that may carry them. */
final class ClosingCases {
    private static final Rule FIN_ANYWHERE =
            Rule.spec("Flag Field", "FIN may be sent on a Data or Window Update frame. A body precedes the FIN.");
    private static final Rule RST_ANYWHERE =
            Rule.spec("Flag Field", "RST may be sent on a Data or Window Update frame.");
    private static final Rule COMBINED = Rule.robust("Flags are bits, not values. Each flag of a frame takes effect.");
    private static final byte[] BODY = Payload.of(100);

    private ClosingCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        fin(cases);
        finWithOthers(cases);
        rst(cases);
        return cases;
    }

    private static void fin(List<Case> cases) {
        cases.add(Case.must("fin/data-empty", "FIN on Data without a body", FIN_ANYWHERE, peer -> {
            KitStream stream = opened(peer);
            stream.data(Frame.FIN, new byte[0]);
            stream.expectEchoAndFin(BODY);
            return "FIN in return";
        }));
        cases.add(Case.must("fin/data", "FIN on Data with a body", FIN_ANYWHERE, peer -> {
            KitStream stream = peer.open();
            stream.data(Frame.FIN, BODY);
            return bodyThenFin(stream);
        }));
        cases.add(Case.must("fin/data-late-body", "FIN on Data, whose body arrives 2 ms later", FIN_ANYWHERE, peer -> {
            KitStream stream = peer.open();
            peer.sendInPieces(Frame.data(Frame.FIN, stream.id(), BODY), Frame.HEADER);
            return bodyThenFin(stream);
        }));
        cases.add(Case.must(
                "fin/data-body-in-pieces", "FIN on Data, whose body arrives in pieces", FIN_ANYWHERE, peer -> {
                    KitStream stream = peer.open();
                    peer.sendInPieces(Frame.data(Frame.FIN, stream.id(), BODY), 12, 13, 50, 111);
                    return bodyThenFin(stream);
                }));
        cases.add(Case.must(
                "fin/half-closed-write",
                "data to echo when FIN arrives",
                Rule.spec(
                        "Closing a stream", "FIN ends one direction. The other direction continues until its own FIN."),
                peer -> {
                    Situation.afterFin(peer).expectRestAndFin();
                    return "the rest of the echo, then FIN";
                }));
        cases.add(Case.must(
                "fin/nothing-after",
                "nothing after the endpoint's FIN",
                Rule.interop(
                        "hashicorp/yamux, which ends the session when a second FIN arrives",
                        "FIN is sent once. No data follows it."),
                peer -> {
                    Situation situation = Situation.afterFin(peer);
                    situation.expectRestAndFin();
                    situation.stream().window(0, 1000);
                    situation.stream().window(0, 1000);
                    peer.survives();
                    if (situation.stream().fins() != 1)
                        throw new Deviation(situation.stream().fins() + " FINs");
                    if (situation.stream().dataAfterFin() > 0) throw new Deviation("data after FIN");
                    return "one FIN, nothing after it";
                }));
    }

    private static String bodyThenFin(KitStream stream) throws Deviation, IOException {
        stream.expectEchoAndFin(BODY);
        return "the body was echoed, then FIN";
    }

    private static void finWithOthers(List<Case> cases) {
        cases.add(Case.should(
                "fin/ack",
                "FIN and ACK on Data without a body",
                Rule.interop(
                        "rust-yamux, which ends unacknowledged streams this way",
                        "FIN takes effect with any other flag."),
                peer -> {
                    KitStream stream = opened(peer);
                    stream.data(Frame.FIN | Frame.ACK, new byte[0]);
                    stream.expectEchoAndFin(BODY);
                    peer.survives();
                    return "FIN in return";
                }));
        cases.add(Case.should("fin/rst", "FIN and RST on a Window Update", COMBINED, peer -> {
            KitStream stream = opened(peer);
            stream.window(Frame.FIN | Frame.RST, 0);
            peer.survives();
            return "the session continues";
        }));
        cases.add(Case.should(
                "fin/window-credit",
                "FIN on a Window Update with credit",
                Rule.spec("Flag Field", "FIN may be sent on a Window Update. Its length is credit."),
                peer -> {
                    Situation situation = Situation.withPendingEcho(peer);
                    situation.stream().window(Frame.FIN, Situation.PENDING);
                    situation.stream().expectEchoAndFin(situation.sent());
                    return "the credit counts";
                }));
    }

    private static void rst(List<Case> cases) {
        cases.add(Case.must(
                "rst/code",
                "RST on a Window Update with a length",
                Rule.interop("go-yamux, where the length is an error code", "The length of a RST has no effect."),
                peer -> {
                    opened(peer).window(Frame.RST, 42);
                    peer.survives();
                    return "the session continues";
                }));
        cases.add(Case.must("rst/data-empty", "RST on Data without a body", RST_ANYWHERE, peer -> {
            opened(peer).data(Frame.RST, new byte[0]);
            peer.survives();
            return "the session continues";
        }));
        cases.add(Case.must("rst/data", "RST on Data with a body", RST_ANYWHERE, peer -> {
            opened(peer).data(Frame.RST, BODY);
            peer.survives();
            return "the body is discarded";
        }));
        cases.add(Case.must("rst/data-late-body", "RST on Data, whose body arrives 2 ms later", RST_ANYWHERE, peer -> {
            KitStream stream = opened(peer);
            peer.sendInPieces(Frame.data(Frame.RST, stream.id(), BODY), Frame.HEADER);
            peer.survives();
            return "the body is discarded";
        }));
        cases.add(Case.must(
                "rst/stops",
                "RST while the endpoint has data to send",
                Rule.spec("Closing a stream", "RST ends both directions immediately."),
                peer -> {
                    Situation situation = Situation.withPendingEcho(peer);
                    situation.stream().window(Frame.RST, 0);
                    situation.stream().window(0, Situation.PENDING);
                    return StateCases.silentAfterReset(peer, situation.stream());
                }));
        cases.add(Case.should(
                "rst/unanswered",
                "RST is not answered with RST",
                Rule.robust("Nothing is sent on a stream that was reset."),
                peer -> {
                    KitStream stream = opened(peer);
                    stream.window(Frame.RST, 0);
                    peer.survives();
                    if (stream.resets() > 0) throw new Deviation("RST in return");
                    return "no answer";
                }));
    }

    private static KitStream opened(Peer peer) throws Deviation, IOException {
        KitStream stream = peer.open();
        stream.data(0, BODY);
        stream.expectEcho(BODY);
        return stream;
    }
}
