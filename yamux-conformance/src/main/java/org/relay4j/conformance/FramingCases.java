package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases for frames split at any position, and for undefined flag bits. */
final class FramingCases {
    private static final Rule ANY_SEGMENTS =
            Rule.spec("Framing", "Frames are parts of a byte stream. TCP segment boundaries have no meaning.");
    private static final Rule UNKNOWN_BITS =
            Rule.interop("rust-yamux 0.5 to 0.7, which set bit 0x8000", "Undefined flag bits are ignored.");
    private static final byte[] BODY = Payload.of(100);

    private FramingCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (int cut = 1; cut < Frame.HEADER; cut++) cases.add(headerCut(cut));
        pieces(cases);
        unknownBits(cases);
        return cases;
    }

    private static Case headerCut(int cut) {
        String id = String.format("framing/header-cut-%02d", cut);
        return Case.must(id, "headers split in two segments, before byte " + cut, ANY_SEGMENTS, peer -> {
            KitStream stream = peer.newStream();
            peer.sendInPieces(Frame.of(Frame.WINDOW_UPDATE, Frame.SYN, stream.id(), 0), cut);
            peer.sendInPieces(Frame.data(0, stream.id(), BODY), cut);
            peer.sendInPieces(Frame.of(Frame.WINDOW_UPDATE, Frame.FIN, stream.id(), 0), cut);
            stream.expectEchoAndFin(BODY);
            return "echoed, then FIN";
        });
    }

    private static void pieces(List<Case> cases) {
        cases.add(Case.must("framing/byte-by-byte", "a whole conversation, byte by byte", ANY_SEGMENTS, peer -> {
            KitStream stream = peer.newStream();
            peer.sendByteByByte(Frame.of(Frame.WINDOW_UPDATE, Frame.SYN, stream.id(), 0));
            peer.sendByteByByte(Frame.data(0, stream.id(), BODY));
            peer.sendByteByByte(Frame.of(Frame.WINDOW_UPDATE, Frame.FIN, stream.id(), 0));
            stream.expectEchoAndFin(BODY);
            return "echoed, then FIN";
        }));
        cases.add(Case.must("framing/late-body", "a body that arrives 2 ms after its header", ANY_SEGMENTS, peer -> {
            KitStream stream = peer.open();
            peer.sendInPieces(Frame.data(0, stream.id(), BODY), Frame.HEADER);
            stream.expectEcho(BODY);
            return "echoed";
        }));
        cases.add(Case.must("framing/body-in-pieces", "a body that arrives in pieces", ANY_SEGMENTS, peer -> {
            KitStream stream = peer.open();
            peer.sendInPieces(Frame.data(0, stream.id(), BODY), 20, 21, 60, 111);
            stream.expectEcho(BODY);
            return "echoed";
        }));
        cases.add(Case.must("framing/one-piece", "many frames of many streams in one segment", ANY_SEGMENTS, peer -> {
            List<KitStream> streams = new ArrayList<>();
            for (int i = 0; i < 50; i++) streams.add(peer.newStream());
            peer.together(() -> streams.forEach(stream -> {
                stream.window(Frame.SYN, 0);
                stream.data(0, BODY);
                stream.data(0, BODY);
                stream.window(Frame.FIN, 0);
            }));
            byte[] twice = Arrays.copyOf(BODY, 2 * BODY.length);
            System.arraycopy(BODY, 0, twice, BODY.length, BODY.length);
            for (KitStream stream : streams) stream.expectEchoAndFin(twice);
            return "all echoed, then FIN";
        }));
    }

    private static void unknownBits(List<Case> cases) {
        for (int bit : new int[] {0x0010, 0x8000}) {
            String name = String.format("0x%04x", bit);
            cases.add(Case.should("flags/data-" + name, "unknown flag " + name + " on Data", UNKNOWN_BITS, peer -> {
                KitStream stream = peer.open();
                stream.data(bit, BODY);
                stream.expectEcho(BODY);
                return "ignored";
            }));
            cases.add(Case.should(
                    "flags/window-" + name, "unknown flag " + name + " on Window Updates", UNKNOWN_BITS, peer -> {
                        KitStream stream = peer.newStream();
                        stream.window(Frame.SYN | bit, 0);
                        stream.data(0, BODY);
                        stream.window(Frame.FIN | bit, 0);
                        stream.expectEchoAndFin(BODY);
                        return "ignored";
                    }));
            cases.add(Case.should("flags/ping-" + name, "unknown flag " + name + " on Ping", UNKNOWN_BITS, peer -> {
                return answered(peer, peer.ping(Frame.SYN | bit, 0));
            }));
        }
    }

    private static String answered(Peer peer, long ping) throws Deviation, IOException {
        if (!peer.await(() -> peer.answered(ping))) throw new Deviation("no answer to the ping: " + peer.state());
        return "ignored";
    }
}
