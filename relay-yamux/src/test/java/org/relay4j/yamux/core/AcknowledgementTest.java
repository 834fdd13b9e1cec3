package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The notification that the peer has acknowledged a stream. */
class AcknowledgementTest {
    private final ScriptedPeer peer = ScriptedPeer.server();
    private final List<String> events = new ArrayList<>();

    private final class Recorder implements StreamHandler {
        @Override
        public void onAcknowledged(MuxStream stream) {
            events.add("acknowledged");
        }

        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            events.add("data " + payload.remaining());
            payload.position(payload.limit());
        }

        @Override
        public void onBuffered(MuxStream stream) {}

        @Override
        public void onFin(MuxStream stream) {
            events.add("fin");
        }

        @Override
        public void onReset(MuxStream stream, Cause cause) {
            events.add("reset " + cause.code());
        }

        @Override
        public void onWritable(MuxStream stream) {}
    }

    private void open(StreamHandler handler) {
        if (peer.core.open(handler, 0) == null) throw new AssertionError("no stream");
    }

    @Test
    void comesOnceAndBeforeTheData() {
        open(new Recorder());
        peer.sends(Wire.data(Wire.ACK, 1, "hello"), Wire.data(1, "again"), Wire.ack(1));
        assertEquals(List.of("acknowledged", "data 5", "data 5"), events);
    }

    @Test
    void anyFrameButAResetIsOne() {
        open(new Recorder());
        peer.sends(Wire.update(1, 1_000));
        assertEquals(List.of("acknowledged"), events);
        events.clear();
        open(new Recorder());
        peer.sends(Wire.update(Wire.FIN, 3, 0));
        assertEquals(List.of("acknowledged", "fin"), events);
        events.clear();
        open(new Recorder());
        peer.sends(Wire.update(Wire.RST, 5, 3));
        assertEquals(List.of("reset 3"), events);
    }

    @Test
    void aHandlerMayBeReplacedInIt() {
        Recorder next = new Recorder();
        open(new StreamHandler() {
            @Override
            public void onAcknowledged(MuxStream stream) {
                stream.handler(next);
            }

            @Override
            public void onData(MuxStream stream, ByteBuffer payload) {
                throw new AssertionError("the next handler takes over");
            }

            @Override
            public void onBuffered(MuxStream stream) {}

            @Override
            public void onFin(MuxStream stream) {}

            @Override
            public void onReset(MuxStream stream, Cause cause) {}

            @Override
            public void onWritable(MuxStream stream) {}
        });
        peer.sends(Wire.data(Wire.ACK, 1, "hello"));
        assertEquals(List.of("data 5"), events);
    }
}
