package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases for Data frames and credit in both directions. */
final class WindowCases {
    private static final String SECTION = "Flow Control";
    private static final Rule RESPECT = Rule.spec(SECTION, "A sender never exceeds the window of the receiver.");
    private static final Rule SMALL =
            Rule.spec(SECTION, "All credit is used, however small. A receiver may return it byte by byte.");
    private static final Rule NO_EFFECT = Rule.spec("Type Field", "Empty frames are legal and have no effect.");
    private static final int MIB = 1 << 20;

    private WindowCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        ours(cases);
        grants(cases);
        theirs(cases);
        frames(cases);
        return cases;
    }

    /** Adds cases for the window that the kit grants. */
    private static void ours(List<Case> cases) {
        cases.add(Case.must("window/initial", "exactly 256 KiB without any credit", RESPECT, peer -> {
            Situation situation = Situation.withPendingEcho(peer);
            peer.survives();
            return exactly(situation.stream());
        }));
        cases.add(Case.must(
                "window/announced",
                "credit on the SYN is added to 256 KiB",
                Rule.spec(SECTION, "A larger window may be announced with SYN."),
                peer -> {
                    KitStream stream = peer.newStream();
                    stream.window(Frame.SYN, 2 * MIB - Frame.INITIAL_WINDOW);
                    byte[] sent = Payload.of(2 * MIB + Situation.PENDING);
                    stream.write(sent);
                    stream.expectEcho(Arrays.copyOf(sent, 2 * MIB));
                    peer.survives();
                    return exactly(stream);
                }));
        cases.add(Case.must("window/one-byte", "one byte of credit at a time", SMALL, peer -> {
            Situation situation = Situation.withPendingEcho(peer);
            for (int i = 0; i < 50; i++) situation.stream().expectUseOf(1);
            return exactly(situation.stream());
        }));
        cases.add(Case.must("window/pieces", "credit in several small updates", RESPECT, peer -> {
            Situation situation = Situation.withPendingEcho(peer);
            for (int i = 0; i < 10; i++) situation.stream().window(0, 100);
            situation.stream().expectUseOf(1);
            return exactly(situation.stream());
        }));
        cases.add(Case.must(
                "window/each-stream",
                "a stream without credit does not stop another",
                Rule.spec(SECTION, "Each stream has a window. The session has none."),
                peer -> {
                    Situation.withPendingEcho(peer);
                    KitStream other = peer.open();
                    byte[] sent = Payload.of(Frame.INITIAL_WINDOW / 2, 5);
                    other.write(sent);
                    other.expectEcho(sent);
                    return "the other stream works";
                }));
    }

    private static String exactly(KitStream stream) throws Deviation {
        if (stream.receivedBytes() != stream.granted()) {
            throw new Deviation("the window allows " + stream.granted() + " bytes in total, " + stream.receivedBytes()
                    + " arrived");
        }
        return stream.granted() + " bytes, as allowed";
    }

    /** Adds cases for unusual single grants. */
    private static void grants(List<Case> cases) {
        cases.add(Case.must(
                "window/large",
                "credit of 2^31",
                Rule.spec("Framing", "The length is an unsigned 32-bit number."),
                peer -> {
                    Situation situation = Situation.withPendingEcho(peer);
                    situation.stream().window(0, 1L << 31);
                    situation.stream().window(Frame.FIN, 0);
                    situation.stream().expectEchoAndFin(situation.sent());
                    return "the rest of the echo";
                }));
        cases.add(Case.must("window/zero", "Window Update with length 0 and no flags", NO_EFFECT, peer -> {
            Situation situation = Situation.withPendingEcho(peer);
            for (int i = 0; i < 3; i++) situation.stream().window(0, 0);
            peer.survives();
            return exactly(situation.stream());
        }));
        cases.add(Case.should("window/zero-many", "1000 Window Updates with length 0 and no flags", NO_EFFECT, peer -> {
            Situation open = Situation.open(peer);
            peer.together(() -> {
                for (int i = 0; i < 1000; i++) open.stream().window(0, 0);
            });
            return stillEchoes(open);
        }));
        cases.add(Case.should(
                "window/overflow-later",
                "credit beyond 2^32-1 does not reduce the window",
                Rule.robust("A window that wraps around stalls the stream without a visible reason."),
                peer -> {
                    KitStream stream = Situation.open(peer).stream();
                    stream.window(0, Frame.MAX_LENGTH);
                    Reaction reaction = peer.reaction(stream);
                    if (reaction.kind() != Reaction.Kind.NONE) return "rejected: " + reaction.text();
                    byte[] sent = Payload.of(2 * Frame.INITIAL_WINDOW, 2);
                    stream.write(sent);
                    stream.expectEchoAfter(8, sent);
                    return "the stream works";
                }));
    }

    /** Adds cases for the window that the endpoint grants. */
    private static void theirs(List<Case> cases) {
        cases.add(Case.must(
                "credit/returned",
                "4 MiB through one stream",
                Rule.spec(SECTION, "Credit is returned regularly, so that streams do not stall."),
                peer -> {
                    KitStream stream = peer.newStream();
                    stream.window(Frame.SYN, 8 * MIB);
                    byte[] sent = Payload.of(4 * MIB);
                    stream.write(sent);
                    stream.window(Frame.FIN, 0);
                    stream.expectEchoAndFin(sent);
                    return "echoed";
                }));
        cases.add(Case.should(
                "credit/on-consumption",
                "limited credit while the echo cannot be sent",
                Rule.robust("Credit is returned as data is consumed, so that a slow reader slows the sender down."),
                peer -> {
                    KitStream stream = peer.open();
                    byte[] piece = Payload.of(16 << 10);
                    int sent = 0;
                    while (sent < 16 * MIB) {
                        if (stream.resets() > 0) return "RST after " + sent + " bytes, many of them unread";
                        if (stream.credit() < piece.length) peer.survives(); // allows time for more credit to arrive
                        if (stream.credit() < piece.length)
                            return "credit for " + (sent - stream.receivedBytes()) + " bytes more than could be echoed";
                        stream.data(0, piece);
                        sent += piece.length;
                    }
                    throw new Deviation("accepted " + sent + " bytes while only 256 KiB could be echoed");
                }));
        cases.add(Case.must(
                "credit/large-frame",
                "a Data frame of 256 KiB",
                Rule.spec(SECTION, "A frame may be as large as the window."),
                peer -> {
                    KitStream stream = peer.open();
                    byte[] sent = Payload.of(Frame.INITIAL_WINDOW);
                    stream.data(0, sent);
                    stream.expectEcho(sent);
                    return "echoed";
                }));
        cases.add(Case.should(
                "credit/frame-above-1-mib",
                "a Data frame of more than 1 MiB within an announced window",
                Rule.spec(SECTION, "A frame may be as large as the window."),
                WindowCases::frameAboveOneMib));
    }

    private static String frameAboveOneMib(Peer peer) throws Deviation, NotApplicable, IOException {
        KitStream stream = peer.newStream();
        stream.window(Frame.SYN, 8 * MIB);
        int wanted = MIB + 1;
        byte[] head = Payload.of(8);
        stream.data(0, head);
        stream.expectEcho(head);
        if (stream.credit() < wanted)
            throw new NotApplicable("the announced window has room for only " + stream.credit() + " bytes");
        byte[] sent = Payload.of(wanted, 2);
        stream.data(0, sent);
        stream.expectEchoAfter(head.length, sent);
        return "echoed";
    }

    private static void frames(List<Case> cases) {
        cases.add(Case.must("data/empty", "Data without a body and without flags", NO_EFFECT, peer -> {
            Situation open = Situation.open(peer);
            for (int i = 0; i < 3; i++) open.stream().data(0, new byte[0]);
            return stillEchoes(open);
        }));
        cases.add(Case.should(
                "data/empty-many", "1000 Data frames without a body and without flags", NO_EFFECT, peer -> {
                    Situation open = Situation.open(peer);
                    peer.together(() -> {
                        for (int i = 0; i < 1000; i++) open.stream().data(0, new byte[0]);
                    });
                    return stillEchoes(open);
                }));
        cases.add(Case.must(
                "data/one-byte",
                "1000 Data frames of one byte",
                Rule.spec("Length Field", "The length of a Data frame is that of its body."),
                peer -> {
                    KitStream stream = peer.open();
                    byte[] sent = Payload.of(1000);
                    peer.together(() -> {
                        for (byte b : sent) stream.data(0, new byte[] {b});
                    });
                    stream.expectEcho(sent);
                    return "echoed";
                }));
    }

    private static String stillEchoes(Situation open) throws Deviation, IOException {
        byte[] more = Payload.of(100, 3);
        open.stream().data(0, more);
        open.stream().expectEchoAfter(open.sent().length, more);
        return "no effect";
    }
}
