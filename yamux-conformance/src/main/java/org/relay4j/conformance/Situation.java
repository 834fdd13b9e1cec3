package org.relay4j.conformance;

import java.io.IOException;
import java.util.Arrays;

/**
 * A stream in a known state.
 *
 * <p>An echo endpoint closes its direction last, so it is never in the state "we sent FIN, the peer did not". The kit
 * can keep it in the other half-closed state for any time: the endpoint has read everything up to the FIN, and cannot
 * send the rest of the echo because the kit's window is exhausted.
 */
final class Situation {
    /** Rest of the echo in {@link #withPendingEcho}: less than any implementation returns as credit. Unit: bytes. */
    static final int PENDING = 64 << 10;

    private final KitStream stream;
    private final byte[] sent;

    private Situation(KitStream stream, byte[] sent) {
        this.stream = stream;
        this.sent = sent;
    }

    KitStream stream() {
        return stream;
    }

    /** Returns all bytes that the kit sent on the stream. */
    byte[] sent() {
        return sent.clone();
    }

    /** Returns an open stream that is known to work in both directions. */
    static Situation open(Peer peer) throws Deviation, IOException {
        KitStream stream = peer.open();
        byte[] sent = Payload.of(8);
        stream.data(0, sent);
        stream.expectEcho(sent);
        return new Situation(stream, sent);
    }

    /**
     * Returns an open stream on which the endpoint has exhausted the kit's window. {@link #PENDING} bytes of its echo
     * are pending.
     */
    static Situation withPendingEcho(Peer peer) throws Deviation, IOException {
        KitStream stream = peer.open();
        byte[] sent = Payload.of(Frame.INITIAL_WINDOW + PENDING);
        byte[] first = Arrays.copyOf(sent, Frame.INITIAL_WINDOW);
        stream.write(first);
        stream.expectEcho(first);
        stream.write(Arrays.copyOfRange(sent, first.length, sent.length));
        return new Situation(stream, sent);
    }

    /** Returns a stream as in {@link #withPendingEcho} after the kit has closed its direction. */
    static Situation afterFin(Peer peer) throws Deviation, IOException {
        Situation situation = withPendingEcho(peer);
        situation.stream.window(Frame.FIN, 0);
        return situation;
    }

    /** Returns a stream that is closed in both directions. */
    static Situation closed(Peer peer) throws Deviation, IOException {
        Situation situation = open(peer);
        situation.stream.window(Frame.FIN, 0);
        situation.stream.expectEchoAndFin(situation.sent);
        return situation;
    }

    /** Returns a stream that the kit has reset; the endpoint has processed the RST. */
    static Situation afterRst(Peer peer) throws Deviation, IOException {
        Situation situation = open(peer);
        situation.stream.window(Frame.RST, 0);
        peer.survives();
        return situation;
    }

    /** Grants credit for the rest of the echo, and expects exactly that and one FIN. */
    void expectRestAndFin() throws Deviation, IOException {
        stream.window(0, PENDING);
        stream.expectEchoAndFin(sent);
    }
}
