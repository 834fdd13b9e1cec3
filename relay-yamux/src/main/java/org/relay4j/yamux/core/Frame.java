package org.relay4j.yamux.core;

import java.nio.ByteBuffer;

/**
 * The yamux frame header: twelve bytes, big-endian: version (1), type (1), flags (2), stream id (4), length (4).
 *
 * <p>Source: the yamux specification, https://github.com/hashicorp/yamux/blob/master/spec.md.
 */
public final class Frame {
    /** Length of a header. Unit: bytes. */
    public static final int HEADER_LENGTH = 12;

    /** Receive window that every implementation assumes for a new stream. Unit: bytes. */
    public static final int INITIAL_WINDOW = 256 * 1024;

    /** Largest credit a stream can hold: the length field is an unsigned 32-bit number. Unit: bytes. */
    public static final long MAX_WINDOW = 0xFFFF_FFFFL;

    public static final int DATA = 0;
    public static final int WINDOW_UPDATE = 1;
    public static final int PING = 2;
    public static final int GO_AWAY = 3;

    public static final int SYN = 1;
    public static final int ACK = 2;
    public static final int FIN = 4;
    public static final int RST = 8;

    public static final int NORMAL = 0;
    public static final int PROTOCOL_ERROR = 1;
    public static final int INTERNAL_ERROR = 2;

    private Frame() {}

    /** Writes a header at index {@code at}; the position of the buffer does not change. */
    public static void put(ByteBuffer buffer, int at, int type, int flags, int id, int length) {
        buffer.putInt(at, type << 16 | flags);
        buffer.putInt(at + 4, id);
        buffer.putInt(at + 8, length);
    }

    /**
     * Returns the length of the whole frame whose header is at index {@code at}. Only Data frames have a body. Unit:
     * bytes.
     */
    static int lengthOfFrameAt(ByteBuffer buffer, int at) {
        return buffer.get(at + 1) == DATA ? HEADER_LENGTH + buffer.getInt(at + 8) : HEADER_LENGTH;
    }

    /** Describes one frame in the fixed format of the trace log, for example {@code WINDOW_UPDATE SYN id=1 len=0}. */
    public static String describe(int type, int flags, int id, long length) {
        StringBuilder text = new StringBuilder(48);
        switch (type) {
            case DATA -> text.append("DATA");
            case WINDOW_UPDATE -> text.append("WINDOW_UPDATE");
            case PING -> text.append("PING");
            case GO_AWAY -> text.append("GO_AWAY");
            default -> text.append("TYPE_").append(type);
        }
        String[] names = {"SYN", "ACK", "FIN", "RST"};
        for (int bit = 0; bit < names.length; bit++) {
            if ((flags & 1 << bit) != 0) text.append(' ').append(names[bit]);
        }
        return text.append(" id=")
                .append(Integer.toUnsignedString(id))
                .append(" len=")
                .append(length)
                .toString();
    }
}
