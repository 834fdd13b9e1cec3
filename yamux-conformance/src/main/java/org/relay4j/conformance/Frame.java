package org.relay4j.conformance;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * One yamux frame as it is on the wire, legal or not. It is not validated, so that a script can send any frame.
 * Immutable.
 */
final class Frame {
    static final int DATA = 0;
    static final int WINDOW_UPDATE = 1;
    static final int PING = 2;
    static final int GO_AWAY = 3;

    static final int SYN = 1;
    static final int ACK = 2;
    static final int FIN = 4;
    static final int RST = 8;

    /** Length of the header. Unit: bytes. */
    static final int HEADER = 12;

    /** Initial window of each stream in each direction. Unit: bytes. */
    static final int INITIAL_WINDOW = 256 << 10;

    /** The largest value of the length field. */
    static final long MAX_LENGTH = 0xffff_ffffL;

    private static final String[] TYPES = {"Data", "WindowUpdate", "Ping", "GoAway"};
    private static final String[] FLAGS = {"SYN", "ACK", "FIN", "RST"};
    private static final byte[] NO_BODY = {};
    private static final int SHOWN = 16; // bytes of a body

    private final int version;
    private final int type;
    private final int flags;
    private final int id; // unsigned
    private final long length;
    private byte[] body = NO_BODY;

    private Frame(int version, int type, int flags, int id, long length) {
        this.version = version;
        this.type = type;
        this.flags = flags;
        this.id = id;
        this.length = length;
    }

    /** Returns a frame with this header and without a body. */
    static Frame of(int type, int flags, int id, long length) {
        return new Frame(0, type, flags, id, length);
    }

    /** Returns a Data frame whose length is that of its body. */
    static Frame data(int flags, int id, byte[] body) {
        return of(DATA, flags, id, body.length).withBody(body);
    }

    Frame withVersion(int otherVersion) {
        return new Frame(otherVersion, type, flags, id, length).withBody(body);
    }

    Frame withId(int otherId) {
        return new Frame(version, type, flags, otherId, length).withBody(body);
    }

    /** Returns a frame with the same header and a body of any length. */
    Frame withBody(byte[] newBody) {
        Frame frame = new Frame(version, type, flags, id, length);
        frame.body = newBody.clone();
        return frame;
    }

    static Frame ofHeader(ByteBuffer header) {
        int version = header.get() & 0xff;
        int type = header.get() & 0xff;
        int flags = header.getShort() & 0xffff;
        int id = header.getInt();
        return new Frame(version, type, flags, id, header.getInt() & MAX_LENGTH);
    }

    byte[] encoded() {
        return ByteBuffer.allocate(HEADER + body.length)
                .put((byte) version)
                .put((byte) type)
                .putShort((short) flags)
                .putInt(id)
                .putInt((int) length)
                .put(body)
                .array();
    }

    int version() {
        return version;
    }

    int type() {
        return type;
    }

    int flags() {
        return flags;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    int id() {
        return id;
    }

    long length() {
        return length;
    }

    byte[] body() {
        return body.clone();
    }

    int bodyLength() {
        return body.length;
    }

    boolean isStreamFrame() {
        return type == DATA || type == WINDOW_UPDATE;
    }

    String typeName() {
        return type < TYPES.length ? TYPES[type] : "Type" + type;
    }

    /**
     * Returns the names of the flags that the specification defines, and all others together as one hexadecimal number.
     */
    List<String> flagNames() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < FLAGS.length; i++) {
            if (has(1 << i)) names.add(FLAGS[i]);
        }
        int unknown = flags >>> FLAGS.length << FLAGS.length;
        if (unknown != 0) names.add("0x" + Integer.toHexString(unknown));
        return names;
    }

    /** Returns the first bytes of the body in hexadecimal. */
    String bodyStart() {
        return HexFormat.of().formatHex(body, 0, Math.min(SHOWN, body.length)) + (body.length > SHOWN ? "..." : "");
    }

    /** Returns one line: type, flags or a dash, stream id, length, start of the body. */
    @Override
    public String toString() {
        List<String> names = flagNames();
        return (version == 0 ? "" : "Version" + version + " ")
                + typeName()
                + " " + (names.isEmpty() ? "-" : String.join("|", names))
                + " id=" + Integer.toUnsignedString(id)
                + " length=" + length
                + (body.length == 0 ? "" : " " + bodyStart());
    }
}
