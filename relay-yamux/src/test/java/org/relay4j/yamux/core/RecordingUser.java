package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/** The user of a core under test: records its events, one a line. */
final class RecordingUser implements SessionEvents, StreamHandler {
    private static final int LONGEST_TEXT = 64; // bytes

    final Map<Integer, MuxStream> streams = new HashMap<>();
    final List<String> events = new ArrayList<>();
    boolean refusing;
    boolean throwing;
    boolean consuming = true;
    Runnable onData = () -> {};
    IntConsumer onWritable = id -> {};

    @Override
    public StreamHandler onStream(MuxStream stream) {
        if (throwing) throw new IllegalStateException("as if onStream had a defect");
        if (refusing) return null;
        streams.put(stream.id(), stream);
        events.add("stream " + idOf(stream));
        return this;
    }

    @Override
    public void onOpenable() {
        events.add("openable");
    }

    @Override
    public void onPong(long roundTrip) {
        events.add("pong after " + roundTrip / 1_000_000 + " ms");
    }

    @Override
    public void onGoAway() {
        events.add("goAway");
    }

    @Override
    public void onEnd(Cause cause) {
        events.add("end " + describe(cause));
    }

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        if (consuming) {
            int length = payload.remaining();
            String text = StandardCharsets.ISO_8859_1.decode(payload).toString();
            events.add("data " + idOf(stream) + " " + (length > LONGEST_TEXT ? length + " bytes" : text));
        }
        onData.run();
    }

    @Override
    public void onBuffered(MuxStream stream) {
        events.add("buffered " + idOf(stream));
    }

    @Override
    public void onFin(MuxStream stream) {
        events.add("fin " + idOf(stream));
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        events.add("reset " + idOf(stream) + " " + describe(cause));
    }

    @Override
    public void onWritable(MuxStream stream) {
        events.add("writable " + idOf(stream));
        onWritable.accept(stream.id());
    }

    private static String idOf(MuxStream stream) {
        return Integer.toUnsignedString(stream.id());
    }

    private static String describe(Cause cause) {
        return cause.kind() + (cause.code() == 0 ? "" : " " + cause.code());
    }
}
