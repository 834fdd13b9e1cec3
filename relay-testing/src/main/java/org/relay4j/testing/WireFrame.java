package org.relay4j.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One frame in wire format. It is written from the specification and does not use the core's codec, so that it can
 * verify that codec.
 */
public final class WireFrame {
    public static final int SYN = 1;
    public static final int ACK = 2;
    public static final int FIN = 4;
    public static final int RST = 8;

    private static final int HEADER = 12; // bytes
    private static final List<String> TYPES = List.of("DATA", "WINDOW", "PING", "GO_AWAY");

    private final byte[] bytes;

    private WireFrame(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Data without flags. */
    public static WireFrame data(int id, byte[] body) {
        return data(id, 0, body);
    }

    /** Data without flags. */
    public static WireFrame data(int id, String body) {
        return data(id, body.getBytes(StandardCharsets.UTF_8));
    }

    public static WireFrame data(int id, int flags, byte[] body) {
        return of(0, flags, id, body.length, body);
    }

    public static WireFrame window(int id, int flags, int delta) {
        return of(1, flags, id, delta, new byte[0]);
    }

    public static WireFrame ping(int flags, int value) {
        return of(2, flags, 0, value, new byte[0]);
    }

    public static WireFrame goAway(int code) {
        return of(3, 0, 0, code, new byte[0]);
    }

    /** Returns a frame with any length field. */
    public static WireFrame of(int type, int flags, int id, int length, byte[] body) {
        return of(0, type, flags, id, length, body);
    }

    /** Returns a frame with any version and length field. */
    public static WireFrame of(int version, int type, int flags, int id, int length, byte[] body) {
        ByteBuffer frame = ByteBuffer.allocate(HEADER + body.length);
        frame.put((byte) version).put((byte) type).putShort((short) flags);
        frame.putInt(id).putInt(length).put(body);
        return new WireFrame(frame.array());
    }

    /** Returns a frame of any bytes in hexadecimal; spaces are ignored. */
    public static WireFrame hex(String digits) {
        return new WireFrame(HexFormat.of().parseHex(digits.replace(" ", "")));
    }

    static WireFrame read(byte[] header, byte[] body) {
        byte[] both = Arrays.copyOf(header, header.length + body.length);
        System.arraycopy(body, 0, both, header.length, body.length);
        return new WireFrame(both);
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    public byte[] body() {
        return Arrays.copyOfRange(bytes, HEADER, bytes.length);
    }

    public int id() {
        return ByteBuffer.wrap(bytes).getInt(4);
    }

    public int flags() {
        return ByteBuffer.wrap(bytes).getShort(2);
    }

    /** Returns the length field. */
    public int length() {
        return ByteBuffer.wrap(bytes).getInt(8);
    }

    public boolean isData() {
        return bytes[0] == 0 && bytes[1] == 0;
    }

    /** Returns whether it is a ping that is to be answered. */
    public boolean isPing() {
        return bytes[0] == 0 && bytes[1] == 2 && flags() == SYN;
    }

    public boolean isWindowUpdate() {
        return bytes[0] == 0 && bytes[1] == 1;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof WireFrame frame && Arrays.equals(bytes, frame.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /**
     * Returns the frame as text, for example {@code WINDOW id=1 flags=2 len=0 (000100020000000100000000)}; long bodies
     * are truncated.
     */
    @Override
    public String toString() {
        String hex = HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, HEADER + 16));
        if (bytes.length < HEADER) return "(" + hex + ")";
        int type = bytes[1];
        String name = type >= 0 && type < TYPES.size() ? TYPES.get(type) : "TYPE_" + type;
        return name + " id=" + id() + " flags=" + flags() + " len=" + length() + " (" + hex + ")";
    }
}
