package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Cases for the frames that the endpoint sends in an ordinary session: the requirements for all frames, and the profile
 * that every implementation known to this kit understands.
 */
final class EmitCases {
    private static final int MIB = 1 << 20;
    private static final int KNOWN_FLAGS = Frame.SYN | Frame.ACK | Frame.FIN | Frame.RST;

    private EmitCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        demands(cases);
        profile(cases);
        sequence(cases);
        return cases;
    }

    /**
     * Runs all operations of an echo: pings, small and large streams, waiting for credit, both ends of a stream, a
     * reset.
     */
    private static List<Frame> conversation(Peer peer) throws Deviation, IOException {
        peer.ping(Frame.SYN, 0);
        Situation.closed(peer);
        KitStream large = peer.newStream();
        large.window(Frame.SYN, 4 * MIB);
        byte[] sent = Payload.of(2 * MIB);
        large.write(sent);
        large.window(Frame.FIN, 0);
        large.expectEchoAndFin(sent);
        Situation.afterFin(peer).expectRestAndFin();
        Situation.withPendingEcho(peer).stream().window(Frame.RST, 0);
        peer.survives();
        return peer.received();
    }

    /** Returns a script that passes if {@code wrong} is false for all frames. */
    private static Script none(Predicate<Frame> wrong) {
        return peer -> {
            List<Frame> frames = conversation(peer);
            for (Frame frame : frames) {
                if (wrong.test(frame)) throw new Deviation(frame.toString());
            }
            return "none in "
                    + frames.stream().map(Frame::typeName).distinct().sorted().toList();
        };
    }

    private static void demands(List<Case> cases) {
        cases.add(Case.must(
                "emit/version",
                "version 0",
                Rule.spec("Version Field", "Always 0."),
                none(frame -> frame.version() != 0)));
        cases.add(Case.must(
                "emit/type",
                "types 0 to 3",
                Rule.spec("Type Field", "There are four types."),
                none(frame -> frame.type() > Frame.GO_AWAY)));
        cases.add(Case.must(
                "emit/unknown-flags",
                "no undefined flags",
                Rule.interop("jvm-libp2p, which ends the session", "Only SYN, ACK, FIN and RST are set."),
                none(frame -> (frame.flags() & ~KNOWN_FLAGS) != 0)));
        cases.add(Case.must(
                "emit/session-id",
                "id 0 on Ping and GoAway",
                Rule.spec("StreamID Field", "Ping and GoAway always use id 0."),
                none(frame -> !frame.isStreamFrame() && frame.id() != 0)));
        cases.add(Case.must(
                "emit/frame-size",
                "Data frames of at most 1 MiB",
                Rule.interop(
                        "go-yamux, rust-yamux and jvm-libp2p, which end the session", "No body of more than 1 MiB."),
                none(frame -> frame.type() == Frame.DATA && frame.length() > MIB)));
        cases.add(Case.must(
                "emit/stream-id",
                "ids of streams that were opened",
                Rule.spec("Opening a stream", "Frames are sent only on open streams. An echo endpoint opens none."),
                peer -> {
                    Set<Integer> opened = new HashSet<>();
                    List<Frame> frames = conversation(peer);
                    int next = peer.takeId();
                    for (int id = peer.role().firstId(); id < next; id += 2) opened.add(id);
                    for (Frame frame : frames) {
                        if (frame.isStreamFrame() && !opened.contains(frame.id()))
                            throw new Deviation(frame.toString());
                    }
                    return "the kit's own";
                }));
    }

    private static void profile(List<Case> cases) {
        cases.add(Case.should(
                "emit/one-flag",
                "at most one flag on a frame",
                Rule.interop("jvm-libp2p and yamux-js, which compare flags as values", "No combinations of flags."),
                none(frame -> Integer.bitCount(frame.flags()) > 1)));
        cases.add(Case.should(
                "emit/flags-on-window",
                "flags on Window Updates only",
                Rule.interop("yamux-js, which ignores the flags of Data", "Data has no flags."),
                none(frame -> frame.type() == Frame.DATA && frame.flags() != 0)));
        cases.add(Case.should(
                "emit/fin-without-body",
                "no body with FIN",
                Rule.interop(
                        "go-yamux and jvm-libp2p, which lose the body",
                        "The last bytes are sent in a separate frame before FIN."),
                none(frame -> frame.type() == Frame.DATA && frame.has(Frame.FIN) && frame.length() > 0)));
        cases.add(Case.should(
                "emit/fin-without-credit",
                "no credit with FIN",
                Rule.interop("implementations that handle FIN first, or only FIN", "FIN has length 0."),
                none(frame -> frame.type() == Frame.WINDOW_UPDATE && frame.has(Frame.FIN) && frame.length() > 0)));
        cases.add(Case.should(
                "emit/no-empty-data",
                "no Data without a body and without flags",
                Rule.robust("An empty frame costs processing time for no effect."),
                none(frame -> frame.type() == Frame.DATA && frame.flags() == 0 && frame.length() == 0)));
        cases.add(Case.should(
                "emit/no-empty-window",
                "no Window Update without credit and without flags",
                Rule.robust("An empty frame costs processing time for no effect."),
                none(frame -> frame.type() == Frame.WINDOW_UPDATE && frame.flags() == 0 && frame.length() == 0)));
        cases.add(Case.should(
                "emit/credit-below-2-gib",
                "credit below 2^31 in one frame",
                Rule.interop("jvm-libp2p, which reads it as negative", "No single Window Update reaches 2^31."),
                none(frame -> frame.type() == Frame.WINDOW_UPDATE && frame.length() >= 1L << 31)));
    }

    private static void sequence(List<Case> cases) {
        cases.add(Case.should(
                "emit/no-credit-after-fin",
                "no credit for a stream that has ended in both directions",
                Rule.interop("nim-libp2p, which no longer knows the stream", "No Window Update after both FINs."),
                peer -> {
                    KitStream stream = peer.open();
                    byte[] sent = Payload.of(Frame.INITIAL_WINDOW);
                    stream.write(sent);
                    stream.window(Frame.FIN, 0);
                    stream.expectEchoAndFin(sent);
                    int before = stream.frames();
                    peer.survives();
                    if (stream.frames() > before)
                        throw new Deviation((stream.frames() - before) + " frames after both FINs");
                    return "nothing after both FINs";
                }));
        cases.add(Case.should(
                "emit/acknowledges-first",
                "ACK on the first frame of a stream",
                Rule.spec("Opening a stream", "The answer to SYN is ACK, on the first frame of the stream."),
                peer -> {
                    KitStream stream = Situation.open(peer).stream();
                    for (Frame frame : peer.received()) {
                        if (!frame.isStreamFrame() || frame.id() != stream.id()) continue;
                        if (!frame.has(Frame.ACK)) throw new Deviation(frame.toString());
                        return frame.toString();
                    }
                    throw new Deviation("nothing was sent on the stream");
                }));
    }
}
