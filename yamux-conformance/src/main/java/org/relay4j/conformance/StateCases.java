package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Cases for each kind of stream frame in each state of a stream that an echo endpoint can reach. */
final class StateCases {
    private static final Rule IGNORE_ACK =
            Rule.robust("A redundant ACK has no effect on this stream or on the count of unacknowledged streams.");
    private static final Rule ACK_ON_DATA =
            Rule.spec("Flag Field", "ACK may be sent on a Data frame. Its body is data as usual.");
    private static final Rule LATE = Rule.interop(
            "all implementations",
            "A frame for an ended stream is discarded. It may have been sent before the sender learned of the end.");
    private static final Rule REPEATED_FIN = Rule.interop(
            "jvm-libp2p, which repeats its FIN on each Window Update it receives", "A second FIN has no effect.");
    private static final Rule STILL_CREDIT =
            Rule.spec("Closing a stream", "FIN ends one direction. Credit for the other direction still counts.");
    private static final Rule RESET =
            Rule.spec("Closing a stream", "RST ends both directions of one stream. Other streams are not affected.");
    private static final Rule SECOND_SYN =
            Rule.spec("Opening a stream", "SYN has a new id. SYN on an open stream is a protocol error.");
    private static final Rule HALF_CLOSE = Rule.spec(
            "Closing a stream", "FIN ends one direction. Pending data of the other direction is still sent, then FIN.");
    private static final Rule REUSE =
            Rule.robust("The id of an ended stream may be reused, because no implementation keeps a list of all ids.");

    private StateCases() {}

    private static void ack(KitStream stream) {
        stream.window(Frame.ACK, 0);
    }

    private static void window(KitStream stream) {
        stream.window(0, 1000);
    }

    private static void data(KitStream stream) {
        stream.data(0, Payload.of(8, 2));
    }

    private static void fin(KitStream stream) {
        stream.window(Frame.FIN, 0);
    }

    private static void rst(KitStream stream) {
        stream.window(Frame.RST, 0);
    }

    private static void syn(KitStream stream) {
        stream.window(Frame.SYN, 0);
    }

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        unaccepted(cases);
        open(cases);
        afterFin(cases);
        forgotten(cases, "closed", "after both FINs", Situation::closed);
        forgotten(cases, "after-rst", "after RST", Situation::afterRst);
        return cases;
    }

    /**
     * Adds cases in which the frame follows in the same segment as the SYN, most likely before the stream is accepted.
     */
    private static void unaccepted(List<Case> cases) {
        String where = " immediately after SYN";
        cases.add(Case.should(
                "ack/unaccepted", "ACK" + where, IGNORE_ACK, peer -> stillEchoes(fresh(peer, StateCases::ack), 0)));
        cases.add(Case.must(
                "window/unaccepted",
                "Window Update" + where,
                Rule.spec("Flow Control", "Credit is valid from the SYN on."),
                peer -> stillEchoes(fresh(peer, StateCases::window), 0)));
        cases.add(Case.must(
                "data/unaccepted",
                "Data" + where,
                Rule.spec("Opening a stream", "Data may follow the SYN without waiting for ACK."),
                peer -> {
                    fresh(peer, StateCases::data).expectEcho(Payload.of(8, 2));
                    return "echoed";
                }));
        cases.add(Case.must("fin/unaccepted", "FIN" + where, HALF_CLOSE, peer -> {
            fresh(peer, StateCases::fin).expectEchoAndFin(new byte[0]);
            return "FIN in return";
        }));
        cases.add(Case.must(
                "rst/unaccepted", "RST" + where, RESET, peer -> survives(peer, fresh(peer, StateCases::rst))));
        cases.add(Case.should("syn/unaccepted", "SYN" + where, SECOND_SYN, peer -> {
            KitStream stream = fresh(peer, StateCases::syn);
            return peer.reaction(stream).rejected();
        }));
    }

    private static KitStream fresh(Peer peer, Consumer<KitStream> event) {
        KitStream stream = peer.newStream();
        peer.together(() -> {
            stream.window(Frame.SYN, 0);
            event.accept(stream);
        });
        return stream;
    }

    private static void open(List<Case> cases) {
        String where = " on an open stream";
        cases.add(Case.should("ack/open", "ACK" + where, IGNORE_ACK, peer -> {
            Situation open = Situation.open(peer);
            for (int i = 0; i < 5; i++) ack(open.stream());
            return stillEchoes(open.stream(), open.sent().length);
        }));
        cases.add(Case.must("ack/on-data", "ACK on a Data frame" + where, ACK_ON_DATA, peer -> {
            Situation open = Situation.open(peer);
            byte[] more = Payload.of(100, 3);
            open.stream().data(Frame.ACK, more);
            open.stream().expectEchoAfter(open.sent().length, more);
            return "echoed";
        }));
        cases.add(Case.must(
                "window/open", "Window Update" + where, Rule.spec("Flow Control", "Credit is added."), peer -> {
                    Situation open = Situation.open(peer);
                    window(open.stream());
                    return stillEchoes(open.stream(), open.sent().length);
                }));
        cases.add(Case.must(
                "data/open", "Data" + where, Rule.spec("Type Field", "Data carries the bytes of a stream."), peer -> {
                    Situation open = Situation.open(peer);
                    return stillEchoes(open.stream(), open.sent().length);
                }));
        cases.add(Case.must("fin/open", "FIN" + where, HALF_CLOSE, peer -> {
            Situation open = Situation.open(peer);
            fin(open.stream());
            open.stream().expectEchoAndFin(open.sent());
            return "FIN in return";
        }));
        cases.add(Case.must("rst/open", "RST" + where, RESET, peer -> {
            Situation open = Situation.open(peer);
            rst(open.stream());
            return survives(peer, open.stream());
        }));
    }

    /** Adds cases for frames after the FIN of the kit, while the endpoint still has part of the echo to send. */
    private static void afterFin(List<Case> cases) {
        String where = " after FIN, while the endpoint has data to send";
        cases.add(Case.should("ack/after-fin", "ACK" + where, IGNORE_ACK, peer -> restArrives(peer, StateCases::ack)));
        cases.add(Case.must("window/after-fin", "Window Update" + where, STILL_CREDIT, peer -> {
            Situation situation = Situation.afterFin(peer);
            situation.stream().expectUseOf(1000);
            situation.stream().window(0, Situation.PENDING - 1000);
            situation.stream().expectEchoAndFin(situation.sent());
            return "the rest of the echo, then FIN";
        }));
        cases.add(Case.must(
                "fin/after-fin", "a second FIN" + where, REPEATED_FIN, peer -> restArrives(peer, StateCases::fin)));
        cases.add(Case.should(
                "data/after-fin",
                "Data" + where,
                Rule.spec("Closing a stream", "FIN ends the data. Data after FIN is not delivered."),
                StateCases::dataAfterFin));
        cases.add(Case.must("rst/after-fin", "RST" + where, RESET, peer -> {
            Situation situation = Situation.afterFin(peer);
            rst(situation.stream());
            situation.stream().window(0, Situation.PENDING);
            return silentAfterReset(peer, situation.stream());
        }));
        cases.add(Case.should("syn/after-fin", "SYN" + where, SECOND_SYN, peer -> {
            Situation situation = Situation.afterFin(peer);
            syn(situation.stream());
            return peer.reaction(situation.stream()).rejected();
        }));
    }

    private static String restArrives(Peer peer, Consumer<KitStream> event) throws Deviation, IOException {
        Situation situation = Situation.afterFin(peer);
        event.accept(situation.stream());
        situation.expectRestAndFin();
        peer.survives();
        return "no effect; the rest of the echo, then FIN";
    }

    private static String dataAfterFin(Peer peer) throws Deviation, IOException {
        Situation situation = Situation.afterFin(peer);
        KitStream stream = situation.stream();
        data(stream);
        stream.window(0, 2L * Situation.PENDING);
        peer.await(() -> stream.fins() > 0 || stream.resets() > 0 || peer.goAwayReceived() != null);
        if (stream.receivedBytes() > situation.sent().length) throw new Deviation("delivered and echoed");
        if (peer.goAwayReceived() != null || peer.hasEnded())
            return "session ended: " + peer.reaction(null).text();
        if (stream.resets() > 0) return "RST for that stream";
        if (stream.fins() > 0) return "discarded";
        throw new Deviation("neither discarded nor rejected: " + stream.state());
    }

    static String silentAfterReset(Peer peer, KitStream stream) throws Deviation, IOException {
        peer.survives();
        int before = stream.receivedBytes();
        peer.survives();
        if (stream.receivedBytes() > before) throw new Deviation("continues to send on the stream");
        return "no more data";
    }

    /** Adds cases for frames on a stream that has ended. */
    private static void forgotten(List<Case> cases, String state, String where, Preparation preparation) {
        String on = " " + where;
        cases.add(Case.must("ack/" + state, "ACK" + on, LATE, peer -> ignored(peer, preparation, StateCases::ack)));
        cases.add(Case.must(
                "window/" + state, "Window Update" + on, LATE, peer -> ignored(peer, preparation, StateCases::window)));
        cases.add(Case.must("data/" + state, "Data" + on, LATE, peer -> ignored(peer, preparation, StateCases::data)));
        cases.add(Case.must("fin/" + state, "FIN" + on, LATE, peer -> ignored(peer, preparation, StateCases::fin)));
        cases.add(Case.must("rst/" + state, "RST" + on, LATE, peer -> ignored(peer, preparation, StateCases::rst)));
        cases.add(Case.should("syn/" + state, "SYN with the same id " + where, REUSE, peer -> {
            KitStream stream = preparation.apply(peer).stream();
            syn(stream);
            return stillEchoes(stream, 0);
        }));
    }

    /** A function that brings a stream into a state. */
    @FunctionalInterface
    private interface Preparation {
        Situation apply(Peer peer) throws Deviation, IOException;
    }

    private static String ignored(Peer peer, Preparation preparation, Consumer<KitStream> event)
            throws Deviation, IOException {
        KitStream stream = preparation.apply(peer).stream();
        int before = stream.frames();
        event.accept(stream);
        peer.survives();
        return stream.frames() == before ? "ignored" : "answered with RST or another frame, the session continues";
    }

    private static String stillEchoes(KitStream stream, int before) throws Deviation, IOException {
        byte[] more = Payload.of(100, 3);
        stream.data(0, more);
        stream.expectEchoAfter(before, more);
        return "the stream works";
    }

    private static String survives(Peer peer, KitStream stream) throws Deviation, IOException {
        peer.survives();
        return stream.resets() > 0 ? "RST in return, the session continues" : "the session continues";
    }
}
