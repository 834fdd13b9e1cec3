package org.relay4j.server.names;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Gives bytes to a reader in pieces, as a socket does. */
final class Pieces {
    private Pieces() {}

    static @Nullable Opening ofHttp(byte[] bytes, int atOnce) {
        return read(OpeningReader.ofHttp(), bytes, atOnce);
    }

    static @Nullable Opening ofTls(byte[] bytes, int atOnce) {
        return read(OpeningReader.ofTls(), bytes, atOnce);
    }

    /** Returns null if more bytes are needed. */
    private static @Nullable Opening read(OpeningReader reader, byte[] bytes, int atOnce) {
        int most = Math.min(bytes.length, OpeningReader.MOST);
        byte[] room = new byte[most]; // what has not arrived is zero
        int length = 0;
        while (length < most) {
            int next = Math.min(atOnce, most - length);
            System.arraycopy(bytes, length, room, length, next);
            length += next;
            Opening opening = reader.read(room, length);
            if (!Arrays.equals(room, 0, length, bytes, 0, length)) throw new AssertionError("the reader changes bytes");
            if (opening != null) return opening;
        }
        if (most == OpeningReader.MOST) throw new AssertionError("a full buffer is not enough");
        return null;
    }
}
