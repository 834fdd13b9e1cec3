package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;
import org.relay4j.testing.WireFrame;

/**
 * Frames of {@link WireFrame} in hexadecimal, and what was sent as lines that a person can read.
 */
final class Wire {
    static final int SYN = WireFrame.SYN;
    static final int ACK = WireFrame.ACK;
    static final int FIN = WireFrame.FIN;
    static final int RST = WireFrame.RST;

    private static final HexFormat HEX = HexFormat.of();
    private static final int LONGEST_SHOWN = 32; // bytes

    private Wire() {}

    static String header(int version, int type, int flags, long id, long length) {
        return HEX.formatHex(WireFrame.of(version, type, flags, (int) id, (int) length, new byte[0])
                .bytes());
    }

    static String data(long id, String body) {
        return data(0, id, body);
    }

    static String data(int flags, long id, String body) {
        return data(flags, id, body.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String data(int flags, long id, byte[] body) {
        return header(0, 0, flags, id, body.length) + HEX.formatHex(body);
    }

    static String update(long id, long credit) {
        return update(0, id, credit);
    }

    static String update(int flags, long id, long length) {
        return header(0, 1, flags, id, length);
    }

    static String syn(long id) {
        return update(SYN, id, 0);
    }

    static String ack(long id) {
        return update(ACK, id, 0);
    }

    static String fin(long id) {
        return update(FIN, id, 0);
    }

    static String rst(long id) {
        return update(RST, id, 0);
    }

    static String ping(long value) {
        return header(0, 2, SYN, 0, value);
    }

    static String pong(long value) {
        return header(0, 2, ACK, 0, value);
    }

    static String goAway(long code) {
        return header(0, 3, 0, 0, code);
    }

    static String text(String text) {
        return HEX.formatHex(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    static byte[] bytes(String... hex) {
        return HEX.parseHex(String.join("", hex).replace(" ", ""));
    }

    /** The frames in these bytes, one a line and long bodies abbreviated, for messages that a person can read. */
    static String lines(byte[] bytes) {
        List<String> lines = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        while (in.remaining() >= 12) {
            int at = in.position();
            String header = HEX.formatHex(bytes, at, at + 12);
            long length = in.get(at + 1) == 0 ? in.getInt(at + 8) & 0xFFFF_FFFFL : 0;
            in.position(at + 12);
            int present = (int) Math.min(length, in.remaining());
            lines.add((header + " " + body(bytes, in.position(), present)).trim());
            in.position(in.position() + present);
        }
        if (in.hasRemaining()) lines.add("torso " + HEX.formatHex(bytes, in.position(), in.limit()));
        return String.join("\n", lines);
    }

    private static String body(byte[] bytes, int at, int length) {
        if (length <= LONGEST_SHOWN) return HEX.formatHex(bytes, at, at + length);
        CRC32 sum = new CRC32();
        sum.update(bytes, at, length);
        return length + " bytes with sum " + Long.toHexString(sum.getValue());
    }
}
