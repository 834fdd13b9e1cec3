package org.relay4j.api.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads one header of the PROXY protocol in pieces of any size, and no byte after it. Not safe for use by several threads.
 *
 * <p>{@link #room} has space for the bytes that certainly belong to the header. Fill all or a part of it, then call {@link
 * #header}, until that returns the header.
 */
public final class ProxyHeaderReader {
    /*
     * The shortest line of version 1, "PROXY UNKNOWN\r\n", has 15 bytes, the fixed part of version 2 has 16. So the first 15 bytes
     * are read at once. Then version 2 states its length, and an incomplete line has at least one or two more bytes.
     */

    /** The longest line of version 1, with CR and LF. Unit: bytes. */
    public static final int LONGEST_LINE = 107;

    private static final int FIRST = 15; // bytes
    private static final int FIXED = 16; // bytes
    private static final byte[] LINE = "PROXY ".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern TCP = Pattern.compile("PROXY TCP([46]) ([^ ]+) ([^ ]+) ([0-9]{1,5}) ([0-9]{1,5})");
    private static final Pattern UNKNOWN = Pattern.compile("PROXY UNKNOWN( [\\x20-\\x7E]*)?");

    private final boolean lines;
    private final int longest;
    private final byte[] bytes;
    private final ByteBuffer buffer;

    private ProxyHeaderReader(boolean lines, int longest) {
        this.lines = lines;
        this.longest = longest;
        bytes = new byte[longest];
        buffer = ByteBuffer.wrap(bytes).limit(FIRST);
    }

    /** Returns a reader of version 2 as it is on the streams of a tunnel, at most {@link ProxyHeader#LONGEST} bytes. */
    public static ProxyHeaderReader ofStream() {
        return new ProxyHeaderReader(false, ProxyHeader.LONGEST);
    }

    /** Returns a reader of versions 1 and 2 as load balancers send them, at most 4,096 bytes. */
    public static ProxyHeaderReader ofLoadBalancer() {
        return new ProxyHeaderReader(true, 4_096);
    }

    /** Returns a buffer whose remaining space is only for bytes of the header. */
    public ByteBuffer room() {
        return buffer;
    }

    /**
     * Returns the header; null if more bytes are needed.
     *
     * @throws IllegalArgumentException if the bytes are not a header, or one that is too long; the message says why
     */
    public @Nullable ProxyHeader header() {
        int length = buffer.position();
        if (lines && startsWith(LINE, length)) return line(length);
        if (!startsWith(ProxyHeader.SIGNATURE, length)) {
            throw new IllegalArgumentException("the connection does not begin with a PROXY protocol header");
        }
        return version2(length);
    }

    private boolean startsWith(byte[] expected, int length) {
        int known = Math.min(length, expected.length);
        return Arrays.equals(bytes, 0, known, expected, 0, known);
    }

    /**
     * Returns the value of a TLV of the complete header, which has addresses of version 2 as {@link ProxyHeader#encodeV2} writes
     * them.
     *
     * @return the first one of this type; null if the header has none
     */
    public byte @Nullable [] value(int type) {
        int family = (bytes[13] >> 4) & 0xF;
        int length = buffer.position();
        for (int at = FIXED + addresses(family); at + 3 <= length; ) {
            int size = buffer.getChar(at + 1);
            if (at + 3 + size > length) return null;
            if ((bytes[at] & 0xFF) == type) return Arrays.copyOfRange(bytes, at + 3, at + 3 + size);
            at += 3 + size;
        }
        return null;
    }

    // ---- version 1

    private @Nullable ProxyHeader line(int length) {
        if (buffer.hasRemaining()) return null;
        int end = indexOfLf(length);
        if (end >= 0) {
            if (end < length - 1 || bytes[end - 1] != '\r') throw malformed("its line does not end with CR and LF");
            return parse(new String(bytes, 0, end - 1, StandardCharsets.ISO_8859_1));
        }
        int atLeast = bytes[length - 1] == '\r' ? 1 : 2;
        if (length + atLeast > LONGEST_LINE) throw malformed("its line is longer than " + LONGEST_LINE + " bytes");
        buffer.limit(length + atLeast);
        return null;
    }

    /** Returns -1 if there is none. */
    private int indexOfLf(int length) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n') return i;
        }
        return -1;
    }

    private static ProxyHeader parse(String line) {
        if (UNKNOWN.matcher(line).matches()) return ProxyHeader.unknown();
        Matcher tcp = TCP.matcher(line);
        if (!tcp.matches()) throw malformed("its line is neither TCP4, TCP6 nor UNKNOWN with addresses and ports");
        boolean ipv6 = tcp.group(1).equals("6");
        return ProxyHeader.of(
                new InetSocketAddress(address(tcp.group(2), ipv6), port(tcp.group(4))),
                new InetSocketAddress(address(tcp.group(3), ipv6), port(tcp.group(5))));
    }

    private static InetAddress address(String text, boolean ipv6) {
        InetAddress address = AddressLiteral.parse(text);
        if (address == null || ipv6 != (text.indexOf(':') >= 0)) throw malformed("an address is malformed");
        return address;
    }

    private static int port(String text) {
        int port = Integer.parseInt(text);
        if (port > 65_535 || (text.length() > 1 && text.startsWith("0"))) throw malformed("a port is malformed");
        return port;
    }

    // ---- version 2

    private @Nullable ProxyHeader version2(int length) {
        if (length < FIXED) {
            if (length == FIRST) buffer.limit(FIXED);
            return null;
        }
        int version = (bytes[12] >> 4) & 0xF;
        int command = bytes[12] & 0xF;
        int family = (bytes[13] >> 4) & 0xF;
        int transport = bytes[13] & 0xF;
        if (version != 2) throw malformed("its version is " + version);
        if (command > 1) throw malformed("its command is " + command);
        if (family > 3 || transport > 2) throw malformed("its family is 0x" + Integer.toHexString(bytes[13] & 0xFF));
        int end = FIXED + buffer.getChar(14);
        if (end > longest) throw malformed("it has " + end + " bytes, at most " + longest + " are accepted");
        if (length < end) {
            buffer.limit(end);
            return null;
        }
        if (command == 0) return ProxyHeader.unknown(); // LOCAL: everything else is to be ignored
        return proxied(family, transport, ByteBuffer.wrap(bytes, FIXED, end - FIXED));
    }

    private static ProxyHeader proxied(int family, int transport, ByteBuffer in) {
        int addresses = addresses(family);
        if (in.remaining() < addresses) throw malformed("it is too short for its addresses");
        boolean known = (family == 1 || family == 2) && transport != 0;
        InetSocketAddress source = null;
        InetSocketAddress destination = null;
        if (known) {
            InetAddress from = address(in, family);
            InetAddress to = address(in, family);
            source = new InetSocketAddress(from, in.getShort() & 0xFFFF);
            destination = new InetSocketAddress(to, in.getShort() & 0xFFFF);
        } else in.position(in.position() + addresses);
        String endpoint = null;
        String uniqueId = null;
        while (in.hasRemaining()) {
            if (in.remaining() < 3) throw malformed("a TLV is truncated");
            int type = in.get() & 0xFF;
            int size = in.getShort() & 0xFFFF;
            if (size > in.remaining()) throw malformed("a TLV is truncated");
            byte[] value = new byte[size];
            in.get(value);
            if (type == ProxyHeader.ENDPOINT) {
                endpoint = text(value, ProxyHeader.LONGEST_ENDPOINT);
                if (endpoint == null) throw malformed("its endpoint is not visible ASCII");
            } else if (type == ProxyHeader.UNIQUE_ID) uniqueId = text(value, ProxyHeader.LONGEST_ID);
        }
        return new ProxyHeader(source, destination, known && transport == 2, endpoint, uniqueId);
    }

    /** Returns the length of both addresses. Unit: bytes. */
    private static int addresses(int family) {
        return switch (family) {
            case 1 -> 12;
            case 2 -> 36;
            case 3 -> 216; // AF_UNIX
            default -> 0;
        };
    }

    private static InetAddress address(ByteBuffer in, int family) {
        byte[] address = new byte[family == 1 ? 4 : 16];
        in.get(address);
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // the length is right
        }
    }

    /** Returns null if the bytes are not visible ASCII, or too many. Load balancers may send such identifiers. */
    private static @Nullable String text(byte[] value, int longest) {
        String text = new String(value, StandardCharsets.ISO_8859_1);
        return value.length <= longest && text.chars().allMatch(c -> c > ' ' && c <= '~') ? text : null;
    }

    private static IllegalArgumentException malformed(String why) {
        return new IllegalArgumentException("the PROXY protocol header is malformed: " + why);
    }
}
