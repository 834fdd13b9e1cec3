package org.relay4j.server.names;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The first header block of an HTTP/2 connection, compressed by HPACK (RFC 7541). */
final class HeaderBlock {
    /*
     * Memory: a field that only refers to the table costs nothing. Strings of the block are decoded once, and are at most 8/5 as
     * long as the block, by the Huffman code. The table has its default size, because the server has not said otherwise yet.
     */

    /** Receives the fields. */
    interface Fields {
        /** Returns false if the field is refused, which ends the decoding. */
        boolean field(String name, String value);
    }

    private record Field(String name, String value) {
        /** Unit: bytes. */
        int size() {
            return name.length() + value.length() + 32;
        }
    }

    private static final int TABLE = 4096; // bytes
    private static final int LONGEST = 1 << 20; // number that is not too large

    private final byte[] bytes;
    private int at;
    private boolean malformed;
    private final List<Field> table = new ArrayList<>(); // the oldest is first
    private int tableSize; // bytes
    private int mostSize = TABLE; // bytes

    HeaderBlock(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Decodes all fields. Returns false if one is malformed or was refused. */
    boolean decode(Fields fields) {
        boolean first = true;
        while (at < bytes.length) {
            int kind = bytes[at] & 0xFF;
            if ((kind & 0xE0) == 0x20) {
                int size = number(5);
                if (!first || malformed || size > TABLE) return false;
                mostSize = size;
                evict();
                continue;
            }
            first = false;
            Field field = next(kind);
            if (field == null || malformed || !fields.field(field.name, field.value)) return false;
        }
        return true;
    }

    private @Nullable Field next(int kind) {
        if ((kind & 0x80) != 0) return indexed(number(7));
        boolean remembered = (kind & 0x40) != 0;
        int index = number(remembered ? 6 : 4);
        String name;
        if (index == 0) {
            name = string();
            if (!isName(name)) return null;
        } else {
            Field named = indexed(index);
            if (named == null) return null;
            name = named.name;
        }
        String value = string();
        if (malformed || !isValue(value)) return null;
        Field field = new Field(name, value);
        if (remembered) {
            table.add(field);
            tableSize += field.size();
            evict();
        }
        return field;
    }

    private @Nullable Field indexed(int index) {
        if (malformed || index == 0) return null;
        if (index <= STATIC.length) return STATIC[index - 1];
        int position = table.size() - (index - STATIC.length);
        return position < 0 ? null : table.get(position);
    }

    private void evict() {
        while (tableSize > mostSize) tableSize -= table.remove(0).size();
    }

    /** Returns the number that begins in the last {@code bits} bits of the next byte. */
    private int number(int bits) {
        int most = (1 << bits) - 1;
        if (at == bytes.length) return fail();
        int value = bytes[at++] & most;
        if (value < most) return value;
        for (int shift = 0; shift <= 14; shift += 7) {
            if (at == bytes.length) return fail();
            byte next = bytes[at++];
            value += (next & 0x7F) << shift;
            if (next >= 0) return value <= LONGEST ? value : fail();
        }
        return fail();
    }

    private int fail() {
        malformed = true;
        return 0;
    }

    private String string() {
        boolean huffman = at < bytes.length && (bytes[at] & 0x80) != 0;
        int length = number(7);
        if (malformed || length > bytes.length - at) {
            fail();
            return "";
        }
        int from = at;
        at += length;
        if (!huffman) return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
        String text = HuffmanCode.decode(bytes, from, at);
        if (text != null) return text;
        fail();
        return "";
    }

    private static boolean isName(String text) {
        String name = text.startsWith(":") ? text.substring(1) : text;
        return HostText.isToken(name) && name.chars().noneMatch(c -> c >= 'A' && c <= 'Z');
    }

    private static boolean isValue(String text) {
        return text.chars().noneMatch(c -> (c < ' ' && c != '\t') || c == 0x7F);
    }

    private static Field[] fields(String names) {
        return names.lines()
                .map(line -> {
                    int equal = line.indexOf('=');
                    return equal < 0
                            ? new Field(line, "")
                            : new Field(line.substring(0, equal), line.substring(equal + 1));
                })
                .toArray(Field[]::new);
    }

    /** Appendix A of RFC 7541. */
    private static final Field[] STATIC = fields("""
            :authority
            :method=GET
            :method=POST
            :path=/
            :path=/index.html
            :scheme=http
            :scheme=https
            :status=200
            :status=204
            :status=206
            :status=304
            :status=400
            :status=404
            :status=500
            accept-charset
            accept-encoding=gzip, deflate
            accept-language
            accept-ranges
            accept
            access-control-allow-origin
            age
            allow
            authorization
            cache-control
            content-disposition
            content-encoding
            content-language
            content-length
            content-location
            content-range
            content-type
            cookie
            date
            etag
            expect
            expires
            from
            host
            if-match
            if-modified-since
            if-none-match
            if-range
            if-unmodified-since
            last-modified
            link
            location
            max-forwards
            proxy-authenticate
            proxy-authorization
            range
            referer
            refresh
            retry-after
            server
            set-cookie
            strict-transport-security
            transfer-encoding
            user-agent
            vary
            via
            www-authenticate
            """);
}
