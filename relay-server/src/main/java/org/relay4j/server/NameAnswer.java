package org.relay4j.server;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.relay4j.server.names.Fault;
import org.relay4j.server.names.Opening;

/** What a visitor is answered in place of a tunnel. Nothing in it depends on which names exist. */
final class NameAnswer {
    /** TLS 1.2 record with the fatal alert unrecognized_name. */
    static final byte[] UNRECOGNIZED_NAME = alert(112);

    private static final byte[] URI_TOO_LONG = {0x08, 3, '4', '1', '4'}; // header block in HTTP/2

    private static final byte[] DECODE_ERROR = alert(50);

    private static final String NOT_FOUND = "404 Not Found";
    private static final byte[] BEGIN_HTTP2 = {0, 0, 0, 4, 0, 0, 0, 0, 0}; // SETTINGS without a setting
    private static final int MOST_HTTP2 = 16 * 1024; // bytes; payload of a frame that every client accepts
    private static final byte[] END_HTTP2 = {0, 0, 8, 7, 0, 0, 0, 0, 0}; // the header of GOAWAY

    private NameAnswer() {}

    private static byte[] alert(int description) {
        return new byte[] {21, 3, 3, 0, 2, 2, (byte) description};
    }

    static byte[] alert(Fault fault) {
        return fault == Fault.SERVER_NAME ? UNRECOGNIZED_NAME : DECODE_ERROR;
    }

    static byte[] http(Fault fault) {
        return plain(fault == Fault.TOO_LONG ? "431 Request Header Fields Too Large" : "400 Bad Request");
    }

    static byte[] notFound(Opening opening) {
        return opening.stream() == 0 ? plain(NOT_FOUND) : http2(opening.stream(), new byte[] {(byte) 0x8D});
    }

    /** @param where scheme and authority */
    static byte[] redirect(Opening opening, String where) {
        String target = opening.target();
        byte[] location = bytes(where + (target.startsWith("/") ? target : "/"));
        if (opening.stream() != 0) {
            byte[] block = redirect(location);
            return http2(opening.stream(), block.length > MOST_HTTP2 ? URI_TOO_LONG : block);
        }
        byte[] start = bytes("HTTP/1.1 308 Permanent Redirect\r\nLocation: ");
        byte[] end = bytes("\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return join(start, location, end);
    }

    private static byte[] plain(String status) {
        String body = status.substring(4) + "\n";
        return bytes("HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nContent-Length: " + body.length()
                + "\r\nConnection: close\r\n\r\n" + body);
    }

    /** A response without a body, and the end of the connection. */
    private static byte[] http2(int stream, byte[] block) {
        ByteBuffer headers = ByteBuffer.allocate(9 + block.length);
        headers.putInt((block.length << 8) | 1)
                .put((byte) 5)
                .putInt(stream)
                .put(block); // HEADERS, the last frame of both
        ByteBuffer lastStream = ByteBuffer.allocate(8);
        lastStream.putInt(stream).putInt(0); // NO_ERROR
        return join(BEGIN_HTTP2, headers.array(), END_HTTP2, lastStream.array());
    }

    /** The header block of a redirect: indexes 8 and 46 of the static table are the names of status and location. */
    private static byte[] redirect(byte[] location) {
        ByteBuffer length = ByteBuffer.allocate(4); // HPACK integer with a prefix of 7 bits, less than 2^21
        if (location.length < 127) length.put((byte) location.length);
        else {
            length.put((byte) 127);
            int rest = location.length - 127;
            for (; rest > 127; rest >>= 7) length.put((byte) (rest | 128));
            length.put((byte) rest);
        }
        byte[] prefix = new byte[length.flip().remaining()];
        length.get(prefix);
        return join(new byte[] {0x08, 3, '3', '0', '8', 0x0F, 46 - 15}, prefix, location);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] join(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) length += part.length;
        ByteBuffer joined = ByteBuffer.allocate(length);
        for (byte[] part : parts) joined.put(part);
        return joined.array();
    }
}
