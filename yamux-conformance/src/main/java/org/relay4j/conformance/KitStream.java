package org.relay4j.conformance;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * One stream of a session from the kit's side: the received data, and shorthands for frames that scripts send. Not
 * thread-safe.
 */
final class KitStream {
    /** Body length of the Data frames of {@link #write}: small enough for all implementations. */
    private static final int PIECE = 16 << 10; // bytes

    private final Peer peer;
    private final int id;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private long credit = Frame.INITIAL_WINDOW; // bytes that the kit may still send
    private long granted = Frame.INITIAL_WINDOW; // bytes that the endpoint may send, from the start
    private int frames;
    private int acks;
    private int fins;
    private int resets;
    private int dataAfterFin; // frames

    KitStream(Peer peer, int id) {
        this.peer = peer;
        this.id = id;
    }

    int id() {
        return id;
    }

    // ---- sending

    void window(int flags, long length) {
        if ((flags & Frame.SYN) != 0) startAnew();
        if ((flags & Frame.RST) == 0) granted += length;
        peer.send(Frame.of(Frame.WINDOW_UPDATE, flags, id, length));
    }

    void data(int flags, byte[] body) {
        if ((flags & Frame.SYN) != 0) startAnew();
        credit -= body.length;
        peer.send(Frame.data(flags, id, body));
    }

    /** Resets the state: a reused id is a new stream. */
    private void startAnew() {
        received.reset();
        credit = Frame.INITIAL_WINDOW;
        granted = Frame.INITIAL_WINDOW;
        fins = 0;
    }

    /** Sends bytes in Data frames without flags, and waits for credit while the endpoint's window is exhausted. */
    void write(byte[] bytes) throws Deviation, IOException {
        int sent = 0;
        while (sent < bytes.length) {
            if (credit <= 0 && !peer.await(() -> credit > 0 || resets > 0))
                throw new Deviation("no more credit after " + sent + " bytes: " + state());
            if (resets > 0) throw new Deviation("RST after " + sent + " bytes");
            int length = (int) Math.min(Math.min(PIECE, credit), bytes.length - sent);
            data(0, Arrays.copyOfRange(bytes, sent, sent + length));
            sent += length;
        }
    }

    // ---- receiving

    void take(Frame frame) {
        frames++;
        if (frame.type() == Frame.DATA) {
            if (fins > 0 && frame.length() > 0) dataAfterFin++;
            received.writeBytes(frame.body());
        } else if (!frame.has(Frame.RST)) credit += frame.length();
        if (frame.has(Frame.ACK)) acks++;
        if (frame.has(Frame.FIN)) fins++;
        if (frame.has(Frame.RST)) resets++;
    }

    int receivedBytes() {
        return received.size();
    }

    byte[] receivedCopy() {
        return received.toByteArray();
    }

    /** Returns the number of bytes that the kit may send on this stream. */
    long credit() {
        return credit;
    }

    /** Returns the total number of bytes that the kit has allowed the endpoint to send. */
    long granted() {
        return granted;
    }

    int frames() {
        return frames;
    }

    int acks() {
        return acks;
    }

    int fins() {
        return fins;
    }

    int resets() {
        return resets;
    }

    int dataAfterFin() {
        return dataAfterFin;
    }

    /** Returns a short description of the data received so far. */
    String state() {
        if (resets > 0) return "RST after " + received.size() + " bytes";
        return received.size() + " bytes" + (fins > 0 ? " and FIN" : "") + " arrived, " + peer.state();
    }

    // ---- expectations

    /** Waits until the stream has received {@code expected} from its start. */
    void expectEcho(byte[] expected) throws Deviation, IOException {
        expectEchoAfter(0, expected);
    }

    /** Waits until the stream has received {@code expected} after the first {@code before} bytes. */
    void expectEchoAfter(int before, byte[] expected) throws Deviation, IOException {
        int wanted = before + expected.length;
        peer.await(() -> received.size() >= wanted || resets > 0 || fins > 0);
        if (received.size() < wanted)
            throw new Deviation("expected an echo of " + expected.length + " bytes: " + state());
        byte[] arrived = Arrays.copyOfRange(received.toByteArray(), before, wanted);
        int wrong = Arrays.mismatch(arrived, expected);
        if (wrong >= 0) throw new Deviation("the echo differs from the sent data at byte " + wrong);
    }

    /** Does the same as {@link #expectEcho}, and expects only FIN after it. */
    void expectEchoAndFin(byte[] expected) throws Deviation, IOException {
        expectEcho(expected);
        peer.await(() -> fins > 0 || resets > 0);
        if (fins == 0) throw new Deviation("expected FIN: " + state());
        if (received.size() != expected.length)
            throw new Deviation("expected " + expected.length + " bytes and FIN: " + state());
    }

    /** Waits for FIN after {@code bytes} bytes of any content. */
    void expectEndOf(int bytes) throws Deviation, IOException {
        peer.await(() -> fins > 0 || resets > 0);
        if (fins == 0 || received.size() != bytes)
            throw new Deviation("expected FIN after " + bytes + " bytes: " + state());
    }

    /** Grants {@code bytes} to an endpoint that has more to send, and expects exactly as many. */
    void expectUseOf(int bytes) throws Deviation, IOException {
        window(0, bytes);
        peer.await(() -> received.size() >= granted || resets > 0);
        if (received.size() != granted)
            throw new Deviation("the window allows " + granted + " bytes in total: " + state());
    }
}
