package org.relay4j.conformance;

import java.io.IOException;
import java.util.Arrays;

/**
 * A stream that was brought into a certain state.
 *
 * <p>An endpoint that echoes ends its own direction last, so that "we sent FIN, the peer did not" is a state that it never
 * gets into. The other half-closed state lasts for as long as the kit likes: the endpoint has read everything up to the FIN,
 * and cannot send the rest of the echo, because the window that the kit grants is exhausted.
 */
final class Situation {
    /** What the endpoint still owes in {@link #owing}: less than anybody's least credit. Unit: bytes. */
    static final int OWED = 64 << 10;

    private final KitStream stream;
    private final byte[] sent;

    private Situation(KitStream stream, byte[] sent) {
        this.stream = stream;
        this.sent = sent;
    }

    KitStream stream() {
        return stream;
    }

    /** All that the kit sent on the stream. */
    byte[] sent() {
        return sent.clone();
    }

    /** Opened, and known to work in both directions. */
    static Situation open(Peer peer) throws Deviation, IOException {
        KitStream stream = peer.open();
        byte[] sent = Payload.of(8);
        stream.data(0, sent);
        stream.expectEcho(sent);
        return new Situation(stream, sent);
    }

    /** Open, and the endpoint has used up the whole window of the kit and has {@link #OWED} bytes more to send. */
    static Situation owing(Peer peer) throws Deviation, IOException {
        KitStream stream = peer.open();
        byte[] sent = Payload.of(Frame.INITIAL_WINDOW + OWED);
        byte[] first = Arrays.copyOf(sent, Frame.INITIAL_WINDOW);
        stream.write(first);
        stream.expectEcho(first);
        stream.write(Arrays.copyOfRange(sent, first.length, sent.length));
        return new Situation(stream, sent);
    }

    /** As {@link #owing}, and the kit has ended its direction. */
    static Situation afterFin(Peer peer) throws Deviation, IOException {
        Situation situation = owing(peer);
        situation.stream.window(Frame.FIN, 0);
        return situation;
    }

    /** Ended in both directions. */
    static Situation closed(Peer peer) throws Deviation, IOException {
        Situation situation = open(peer);
        situation.stream.window(Frame.FIN, 0);
        situation.stream.expectEchoAndFin(situation.sent);
        return situation;
    }

    /** Reset by the kit, and the endpoint knows. */
    static Situation afterRst(Peer peer) throws Deviation, IOException {
        Situation situation = open(peer);
        situation.stream.window(Frame.RST, 0);
        peer.survives();
        return situation;
    }

    /** Grants what the endpoint needs to send the rest, and expects exactly that and one FIN. */
    void expectRestAndFin() throws Deviation, IOException {
        stream.window(0, OWED);
        stream.expectEchoAndFin(sent);
    }
}
