package org.relay4j.api.proxy;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A header of the PROXY protocol (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt): the addresses of a connection
 * that was accepted elsewhere. Immutable.
 *
 * @param source the address of the client; null if unknown
 * @param destination the address that accepted the connection; null if and only if the source is null
 * @param datagram true for UDP
 * @param endpoint the endpoint of the tunnel, such as {@code tcp/20417}, in TLV 0xE0 of version 2; null if absent
 * @param uniqueId the visitor's identifier in logs, visible ASCII, in the TLV UNIQUE_ID of version 2; null if absent
 */
public record ProxyHeader(
        @Nullable InetSocketAddress source,
        @Nullable InetSocketAddress destination,
        boolean datagram,
        @Nullable String endpoint,
        @Nullable String uniqueId) {
    /** Maximum length of a header of version 2 on a stream of a tunnel. Unit: bytes. */
    public static final int LONGEST = 536;

    /** Maximum length of an identifier of a visitor. Unit: characters. */
    public static final int LONGEST_ID = 32;

    static final byte[] SIGNATURE = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
    private static final int LOCAL = 0x20; // a receiver ignores everything after it
    private static final int PROXY = 0x21;
    private static final int UNSPECIFIED = 0;
    static final int ENDPOINT = 0xE0;
    static final int UNIQUE_ID = 0x05;
    static final int LONGEST_ENDPOINT = 260; // "host/" and a host name

    /**
     * @throws IllegalArgumentException if only one address is known, an address is unresolved, or endpoint or identifier is too
     *     long or not visible ASCII
     */
    public ProxyHeader {
        if ((source == null) != (destination == null)) {
            throw new IllegalArgumentException("the source and the destination must both be known, or neither");
        }
        if (source != null && destination != null && (source.isUnresolved() || destination.isUnresolved())) {
            throw new IllegalArgumentException("an address of a PROXY header is a host name");
        }
        requireVisible("endpoint", endpoint, LONGEST_ENDPOINT);
        requireVisible("identifier", uniqueId, LONGEST_ID);
    }

    private static void requireVisible(String what, @Nullable String text, int longest) {
        if (text == null) return;
        if (text.length() > longest || !text.chars().allMatch(c -> c > ' ' && c <= '~')) {
            throw new IllegalArgumentException(
                    "the " + what + " of a PROXY header must be visible ASCII of at most " + longest + " characters");
        }
    }

    /** Returns the header of a TCP connection without TLVs. */
    public static ProxyHeader of(InetSocketAddress source, InetSocketAddress destination) {
        return new ProxyHeader(source, destination, false, null, null);
    }

    /** Returns the header of a connection with unknown addresses. */
    public static ProxyHeader unknown() {
        return new ProxyHeader(null, null, false, null, null);
    }

    /** Encodes the header in version 1, which has no TLVs. A datagram is announced as unknown. */
    public byte[] encodeV1() {
        return line().getBytes(StandardCharsets.US_ASCII);
    }

    private String line() {
        if (source == null || destination == null || datagram) return "PROXY UNKNOWN\r\n";
        boolean ipv4 = isIpv4(source) && isIpv4(destination);
        return "PROXY " + (ipv4 ? "TCP4 " : "TCP6 ") + text(source, ipv4) + ' ' + text(destination, ipv4) + ' '
                + source.getPort() + ' ' + destination.getPort() + "\r\n";
    }

    private static String text(InetSocketAddress address, boolean ipv4) {
        InetAddress host = address.getAddress();
        String text = host.getHostAddress();
        if (host instanceof Inet4Address) return ipv4 ? text : "::ffff:" + text;
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }

    /** Encodes the header in version 2, at most {@link #LONGEST} bytes. */
    public byte[] encodeV2() {
        ByteBuffer out = ByteBuffer.allocate(LONGEST);
        InetSocketAddress from = source;
        InetSocketAddress to = destination;
        if (from != null && to != null) {
            boolean ipv4 = isIpv4(from) && isIpv4(to);
            begin(out, PROXY, (ipv4 ? 0x10 : 0x20) | (datagram ? 2 : 1));
            put(out, from, ipv4);
            put(out, to, ipv4);
            out.putShort((short) from.getPort()).putShort((short) to.getPort());
        } else begin(out, endpoint == null && uniqueId == null ? LOCAL : PROXY, UNSPECIFIED);
        put(out, ENDPOINT, endpoint);
        put(out, UNIQUE_ID, uniqueId);
        out.putShort(14, (short) (out.position() - 16));
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void begin(ByteBuffer out, int command, int family) {
        out.put(SIGNATURE).put((byte) command).put((byte) family).putShort((short) 0); // the length is set last
    }

    private static void put(ByteBuffer out, InetSocketAddress address, boolean ipv4) {
        byte[] bytes = address.getAddress().getAddress();
        if (!ipv4 && bytes.length == 4) out.putLong(0).putShort((short) 0).putShort((short) 0xFFFF); // mapped
        out.put(bytes);
    }

    private static void put(ByteBuffer out, int type, @Nullable String value) {
        if (value == null) return;
        out.put((byte) type).putShort((short) value.length()).put(value.getBytes(StandardCharsets.US_ASCII));
    }

    private static boolean isIpv4(InetSocketAddress address) {
        return address.getAddress() instanceof Inet4Address;
    }
}
