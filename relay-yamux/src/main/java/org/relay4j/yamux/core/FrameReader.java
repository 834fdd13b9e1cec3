package org.relay4j.yamux.core;

import java.nio.ByteBuffer;

/**
 * A parser that splits a byte stream into frames. It passes on a body in the pieces in which it arrives and never
 * collects them, so no declared length costs memory.
 */
final class FrameReader {
    /** Receives the parsed frames. */
    interface Sink {
        /** Receives a header. The length is unsigned. Only a Data frame has a body of that length. */
        void onHeader(int type, int flags, int id, long length) throws ProtocolViolation;

        /** Receives the next piece of the body; bytes left in it are discarded. */
        void onBody(ByteBuffer piece);

        /** Called when the body is complete: once for each Data frame, even an empty one. */
        void onBodyEnd() throws ProtocolViolation;
    }

    private final ByteBuffer partialHeader = ByteBuffer.allocate(Frame.HEADER_LENGTH);
    private boolean inBody;
    private long bodyLeft; // bytes

    /** Consumes all of {@code in}. */
    void read(ByteBuffer in, Sink sink) throws ProtocolViolation {
        while (true) {
            if (inBody) {
                if (!readBody(in, sink)) return;
            } else if (partialHeader.position() == 0 && in.remaining() >= Frame.HEADER_LENGTH) {
                int at = in.position();
                in.position(at + Frame.HEADER_LENGTH);
                header(in, at, sink);
            } else {
                while (in.hasRemaining() && partialHeader.hasRemaining()) partialHeader.put(in.get());
                if (partialHeader.hasRemaining()) return;
                partialHeader.clear();
                header(partialHeader, 0, sink);
            }
        }
    }

    private boolean readBody(ByteBuffer in, Sink sink) throws ProtocolViolation {
        if (bodyLeft > 0) {
            if (!in.hasRemaining()) return false;
            int end = in.limit();
            int length = (int) Math.min(bodyLeft, in.remaining());
            int pieceEnd = in.position() + length;
            bodyLeft -= length;
            in.limit(pieceEnd);
            sink.onBody(in);
            in.limit(end).position(pieceEnd);
            if (bodyLeft > 0) return false;
        }
        inBody = false;
        sink.onBodyEnd();
        return true;
    }

    private void header(ByteBuffer from, int at, Sink sink) throws ProtocolViolation {
        int version = from.get(at) & 0xFF;
        int type = from.get(at + 1) & 0xFF;
        if (version != 0) throw new ProtocolViolation("frame of version " + version + ", only version 0 exists");
        if (type > Frame.GO_AWAY) throw new ProtocolViolation("frame of unknown type " + type);
        long length = from.getInt(at + 8) & 0xFFFF_FFFFL;
        sink.onHeader(type, from.getShort(at + 2) & 0xFFFF, from.getInt(at + 4), length);
        if (type == Frame.DATA) {
            inBody = true;
            bodyLeft = length;
        }
    }
}
