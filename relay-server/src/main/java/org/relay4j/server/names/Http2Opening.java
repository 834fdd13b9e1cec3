package org.relay4j.server.names;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads the host from the first request of an HTTP/2 connection, which the client sends without waiting for the server. */
final class Http2Opening implements OpeningReader, HeaderBlock.Fields {
    /*
     * RFC 9113: the client preface, SETTINGS, perhaps other frames that need no answer, then the header block in one HEADERS frame
     * and perhaps CONTINUATION frames.
     */

    private static final int FRAME_HEADER = 9; // bytes
    private static final int END_HEADERS = 0x4;
    private static final int PADDED = 0x8;
    private static final int PRIORITIZED = 0x20;
    private static final int PRIORITY_LENGTH = 5; // bytes
    private static final int UNKNOWN = 10; // and higher ones

    // Types of frames. Of the others, those that RFC 9113 defines may not come first.
    private static final int HEADERS = 1;
    private static final int PRIORITY = 2;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int WINDOW_UPDATE = 8;
    private static final int CONTINUATION = 9;

    private final byte[] preface;
    private int next; // position of the next frame; 0 before the preface is complete
    private boolean begun; // SETTINGS were received
    private int stream; // of the header block; 0 before it
    private byte[] block = new byte[0];
    private int present; // bytes of it so far

    private boolean regular; // a field that is no pseudo-header has been read
    private @Nullable String method;
    private @Nullable String scheme;
    private @Nullable String path;
    private @Nullable String authority;
    private @Nullable String host;

    Http2Opening(byte[] preface) {
        this.preface = preface;
    }

    @Override
    public @Nullable Opening read(byte[] bytes, int length) {
        if (next == 0) {
            int most = Math.min(length, preface.length);
            if (!Arrays.equals(bytes, 0, most, preface, 0, most)) return Opening.refused(Fault.HTTP2_FRAME);
            if (length < preface.length) return null;
            next = preface.length;
        }
        while (length >= next + FRAME_HEADER) {
            int size = number(bytes, next, 3);
            int payload = next + FRAME_HEADER;
            if (size > MOST - payload) return Opening.refused(Fault.TOO_LONG);
            if (length < payload + size) return null;
            int flags = bytes[next + 4] & 0xFF;
            int of = number(bytes, next + 5, 4) & Integer.MAX_VALUE;
            int type = bytes[next + 3] & 0xFF;
            next = payload + size;
            if (!take(type, flags, of, size)) return Opening.refused(Fault.HTTP2_FRAME);
            if (stream == 0) continue;
            if (!add(bytes, payload, next, type == HEADERS ? flags : 0)) {
                return Opening.refused(Fault.HTTP2_FRAME);
            }
            if ((flags & END_HEADERS) != 0) return complete();
        }
        return null;
    }

    private static int number(byte[] bytes, int at, int size) {
        int number = 0;
        for (int n = 0; n < size; n++) number = (number << 8) | (bytes[at + n] & 0xFF);
        return number;
    }

    /** Returns whether a frame may come here. */
    private boolean take(int type, int flags, int of, int size) {
        if (stream != 0) return type == CONTINUATION && of == stream;
        if (!begun) {
            begun = true;
            return type == SETTINGS && of == 0 && flags == 0 && size % 6 == 0;
        }
        if (type >= UNKNOWN) return true;
        return switch (type) {
            case HEADERS -> {
                stream = of;
                yield of % 2 == 1;
            }
            case SETTINGS -> of == 0 && size % 6 == 0;
            case PRIORITY -> of != 0 && size == PRIORITY_LENGTH;
            case PING -> of == 0 && size == 8;
            case WINDOW_UPDATE -> size == 4;
            default -> false;
        };
    }

    /** Appends to the header block, without padding and priority. */
    private boolean add(byte[] bytes, int start, int end, int flags) {
        int from = start;
        int to = end;
        if ((flags & PADDED) != 0) {
            if (from == to) return false;
            to -= bytes[from++] & 0xFF;
        }
        if ((flags & PRIORITIZED) != 0) from += PRIORITY_LENGTH;
        if (from > to) return false;
        int whole = present + to - from;
        if (block.length < whole) block = Arrays.copyOf(block, Math.max(whole, Math.min(MOST, 2 * present)));
        System.arraycopy(bytes, from, block, present, to - from);
        present = whole;
        return true;
    }

    private Opening complete() {
        if (!new HeaderBlock(Arrays.copyOf(block, present)).decode(this)) return Opening.refused(Fault.HTTP2_HEADERS);
        if (method == null) return Opening.refused(Fault.HTTP2_HEADERS);
        if (method.equals("CONNECT")) return Opening.refused(Fault.METHOD_CONNECT);
        if (scheme == null || path == null) return Opening.refused(Fault.HTTP2_HEADERS);
        if (!path.startsWith("/") && !path.equals("*")) return Opening.refused(Fault.HTTP2_HEADERS);
        if (authority != null && host != null && !authority.equalsIgnoreCase(host)) {
            return Opening.refused(Fault.OTHER_TARGET);
        }
        String text = authority != null ? authority : host;
        if (text == null) return Opening.refused(Fault.NO_HOST);
        String name = HostText.nameOf(text);
        if (name == null) return Opening.refused(Fault.HOST);
        return Opening.ofHttp2(name, path, stream);
    }

    @Override
    public boolean field(String name, String value) {
        if (!name.startsWith(":")) {
            regular = true;
            if (!name.equals("host")) return true;
            if (host != null) return false;
            host = value;
            return true;
        }
        if (regular) return false;
        switch (name) {
            case ":method" -> {
                if (method != null || !HostText.isToken(value)) return false;
                method = value;
            }
            case ":scheme" -> {
                if (scheme != null) return false;
                scheme = value;
            }
            case ":path" -> {
                if (path != null || value.indexOf(' ') >= 0 || value.indexOf('\t') >= 0) return false;
                path = value;
            }
            case ":authority" -> {
                if (authority != null) return false;
                authority = value;
            }
            default -> {
                return false;
            }
        }
        return true;
    }
}
