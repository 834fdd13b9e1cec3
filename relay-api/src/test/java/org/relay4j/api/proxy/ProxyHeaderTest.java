package org.relay4j.api.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyHeaderTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";
    private static final InetSocketAddress SOURCE = address("192.168.0.1", 56_324);
    private static final InetSocketAddress DESTINATION = address("192.168.0.11", 443);
    private static final InetSocketAddress SOURCE6 = address("2001:db8::1", 1);
    private static final InetSocketAddress DESTINATION6 = address("2001:db8:0:0:1:0:0:2", 65_535);

    // ---- version 1

    /** The examples of sections 2.1 and 2.2 of the specification, and the longest lines. */
    static Stream<Arguments> lines() {
        return Stream.of(
                Arguments.of("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", ProxyHeader.of(SOURCE, DESTINATION)),
                Arguments.of(
                        "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
                        ProxyHeader.of(address("255.255.255.255", 65_535), address("255.255.255.255", 65_535))),
                Arguments.of(
                        "PROXY TCP6 2001:db8:0:0:0:0:0:1 2001:db8:0:0:1:0:0:2 1 65535\r\n",
                        ProxyHeader.of(SOURCE6, DESTINATION6)),
                Arguments.of(
                        "PROXY TCP6 ::ffff:192.168.0.1 2001:db8:0:0:1:0:0:2 56324 65535\r\n",
                        ProxyHeader.of(SOURCE, DESTINATION6)),
                Arguments.of("PROXY UNKNOWN\r\n", ProxyHeader.unknown()));
    }

    @ParameterizedTest
    @MethodSource("lines")
    void version1(String line, ProxyHeader header) {
        assertEquals(line, new String(header.encodeV1(), US_ASCII));
        assertEquals(header, fromBalancer(line.getBytes(US_ASCII)));
    }

    @Test
    void longestLineOfVersion1() {
        String address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        ProxyHeader unknown =
                fromBalancer(("PROXY UNKNOWN " + address + " " + address + " 65535 65535\r\n").getBytes(US_ASCII));
        assertEquals(ProxyHeader.unknown(), unknown);
        byte[] tooLong = ("PROXY UNKNOWN " + "x".repeat(ProxyHeaderReader.LONGEST_LINE)).getBytes(US_ASCII);
        assertEquals(
                "the PROXY protocol header is malformed: its line is longer than 107 bytes", balancerFailure(tooLong));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PROXY TCP4 192.168.0.1 192.168.0.11 56324\r\n",
                "PROXY TCP4  192.168.0.1 192.168.0.11 56324 443\r\n",
                "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 \r\n",
                "PROXY TCP4 192.168.0.1 192.168.0.11 65536 443\r\n",
                "PROXY TCP4 192.168.0.1 192.168.0.11 00443 443\r\n",
                "PROXY TCP4 192.168.0.1 192.168.0.11 -1 443\r\n",
                "PROXY TCP4 192.168.0.256 192.168.0.11 1 443\r\n",
                "PROXY TCP4 192.168.0 192.168.0.11 1 443\r\n",
                "PROXY TCP4 192.168.0.01 192.168.0.11 1 443\r\n",
                "PROXY TCP4 localhost localhost 1 443\r\n",
                "PROXY TCP4 ::1 ::1 1 443\r\n",
                "PROXY TCP6 192.168.0.1 192.168.0.11 1 443\r\n",
                "PROXY TCP6 fe80::1%eth0 ::1 1 443\r\n",
                "PROXY TCP6 g::1 ::1 1 443\r\n",
                "PROXY UDP4 192.168.0.1 192.168.0.11 56324 443\r\n",
                "PROXY UNKNOWNX\r\n",
                "PROXY UNKNOWN \u0000\r\n",
                "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n",
                "PROXY\r\n and something more",
                "GET / HTTP/1.1\r\n",
                "proxy TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
            })
    void malformedLinesAreRefused(String line) {
        String failure = balancerFailure(line.getBytes(ISO_8859_1));
        assertTrue(failure.contains("PROXY protocol header"), failure);
    }

    @Test
    void version1IsNotReadFromAStream() {
        assertEquals(
                "the connection does not begin with a PROXY protocol header",
                streamFailure("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n".getBytes(US_ASCII)));
    }

    // ---- version 2

    static Stream<Arguments> headers() {
        String ipv4 = "c0a80001c0a8000bdc0401bb";
        String ipv6 = "20010db800000000000000000000000120010db80000000000010000000000020001ffff";
        String mapped = "00000000000000000000ffffc0a8000120010db8000000000001000000000002dc04ffff";
        return Stream.of(
                Arguments.of("2111000c" + ipv4, ProxyHeader.of(SOURCE, DESTINATION)),
                Arguments.of("2112000c" + ipv4, new ProxyHeader(SOURCE, DESTINATION, true, null, null)),
                Arguments.of("21210024" + ipv6, ProxyHeader.of(SOURCE6, DESTINATION6)),
                Arguments.of("21210024" + mapped, ProxyHeader.of(SOURCE, DESTINATION6)),
                Arguments.of("20000000", ProxyHeader.unknown()),
                Arguments.of(
                        "2111001c" + ipv4 + "e000097463702f3230343137" + "0500012a",
                        new ProxyHeader(SOURCE, DESTINATION, false, "tcp/20417", "*")),
                Arguments.of(
                        "2100000ce00009" + HexFormat.of().formatHex("udp/53535".getBytes(US_ASCII)),
                        new ProxyHeader(null, null, false, "udp/53535", null)));
    }

    @ParameterizedTest
    @MethodSource("headers")
    void version2(String hex, ProxyHeader header) {
        byte[] bytes = hex(hex);
        assertEquals(HexFormat.of().formatHex(bytes), HexFormat.of().formatHex(header.encodeV2()));
        assertEquals(header, fromStream(bytes));
        assertEquals(header, fromBalancer(bytes));
    }

    /** LOCAL, UNSPEC, AF_UNIX and an unspecified transport, with whatever follows. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "2011000cc0a80001c0a8000bdc0401bb",
                "20000003ffffff",
                "2100000404000100",
                "2110000cc0a80001c0a8000bdc0401bb"
            })
    void addressThatIsNotKnown(String hex) {
        assertEquals(ProxyHeader.unknown(), fromStream(hex(hex)));
    }

    @Test
    void unixSocketsHaveNoAddress() {
        byte[] header = hex("213100d8" + "00".repeat(216));
        assertEquals(ProxyHeader.unknown(), fromStream(header));
        assertTrue(streamFailure(hex("213100d7" + "00".repeat(215))).contains("too short for its addresses"));
    }

    @Test
    void mappedAddressesAreIpv4() {
        byte[] header =
                hex("21210024" + "00000000000000000000ffffc0a80001" + "00000000000000000000ffffc0a8000b" + "dc0401bb");
        ProxyHeader read = fromStream(header);
        assertEquals(ProxyHeader.of(SOURCE, DESTINATION), read);
        assertEquals("2111000c", HexFormat.of().formatHex(read.encodeV2(), 12, 16));
    }

    @Test
    void otherTlvsAreIgnored() {
        String tlvs = "03000400000000" + "0400020000" + "050021" + "41".repeat(33) + "20000102";
        byte[] header = hex(String.format("2111%04x", 12 + tlvs.length() / 2) + "c0a80001c0a8000bdc0401bb" + tlvs);
        assertEquals(ProxyHeader.of(SOURCE, DESTINATION), fromStream(header));
    }

    @ParameterizedTest
    @CsvSource({
        "1111000c, its version is 1",
        "3111000c, its version is 3",
        "2211000c, its command is 2",
        "2141000c, its family is 0x41",
        "2113000c, its family is 0x13",
        "2111000b, too short for its addresses",
        "21210023, too short for its addresses",
        "21110209, 'it has 537 bytes, at most 536 are accepted'",
        "2111ffff, 'it has 65551 bytes, at most 536 are accepted'"
    })
    void malformedHeadersAreRefused(String begin, String failure) {
        String message = streamFailure(hex(begin + "00".repeat(600)));
        assertTrue(
                message.startsWith("the PROXY protocol header is malformed: ") && message.contains(failure), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"e0", "e000", "e0000561", "e000010a", "e0000120", "e00001ff"})
    void malformedTlvsAreRefused(String tlv) {
        byte[] header = hex(String.format("2111%04x", 12 + tlv.length() / 2) + "c0a80001c0a8000bdc0401bb" + tlv);
        assertTrue(streamFailure(header).contains("malformed"));
    }

    @Test
    void headersOfLoadBalancersMayBeLonger() {
        byte[] header = hex("21110ff0c0a80001c0a8000bdc0401bb" + "040fe1" + "00".repeat(0xfe1));
        assertEquals(4_096, header.length);
        assertEquals(ProxyHeader.of(SOURCE, DESTINATION), fromBalancer(header));
        assertTrue(balancerFailure(hex("21110ff1")).contains("at most 4096"));
    }

    @Test
    void longestHeaderFits() {
        ProxyHeader header = new ProxyHeader(
                SOURCE6,
                DESTINATION6,
                false,
                "x".repeat(ProxyHeader.LONGEST_ENDPOINT),
                "y".repeat(ProxyHeader.LONGEST_ID));
        byte[] bytes = header.encodeV2();
        assertTrue(bytes.length <= ProxyHeader.LONGEST);
        assertEquals(header, fromStream(bytes));
    }

    @Test
    void senderChecksWhatItSends() {
        assertThrows(IllegalArgumentException.class, () -> new ProxyHeader(SOURCE, null, false, null, null));
        assertThrows(IllegalArgumentException.class, () -> new ProxyHeader(null, null, false, "a b", null));
        assertThrows(IllegalArgumentException.class, () -> new ProxyHeader(null, null, false, null, "y".repeat(33)));
        assertThrows(
                IllegalArgumentException.class,
                () -> ProxyHeader.of(InetSocketAddress.createUnresolved("localhost", 1), DESTINATION));
    }

    @Test
    void addressesInTextAreNeverLookedUp() {
        for (String text : new String[] {
            "",
            "localhost",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.256",
            "01.2.3.4",
            "1",
            ":",
            ":::",
            "fe80::1%1",
            "[::1]",
            "a",
            ".::"
        }) assertNull(AddressLiteral.parse(text), text);
        assertEquals("1.2.3.4", text("1.2.3.4"));
        assertEquals("1.2.3.4", text("::ffff:1.2.3.4"));
        assertEquals("2001:db8:0:0:0:0:0:1", text("2001:DB8::1"));
    }

    private static String text(String literal) {
        InetAddress address = AddressLiteral.parse(literal);
        assertNotNull(address);
        return address.getHostAddress();
    }

    // ---- the reader gets the bytes one by one, or as many as it has room for, and takes none behind the header

    private static ProxyHeader fromStream(byte[] bytes) {
        ProxyHeader header = read(ProxyHeaderReader.ofStream(), bytes, 1);
        assertEquals(header, read(ProxyHeaderReader.ofStream(), bytes, Integer.MAX_VALUE));
        return header;
    }

    private static ProxyHeader fromBalancer(byte[] bytes) {
        ProxyHeader header = read(ProxyHeaderReader.ofLoadBalancer(), bytes, 1);
        assertEquals(header, read(ProxyHeaderReader.ofLoadBalancer(), bytes, Integer.MAX_VALUE));
        return header;
    }

    private static String streamFailure(byte[] bytes) {
        return assertThrows(IllegalArgumentException.class, () -> fromStream(bytes))
                .getMessage();
    }

    private static String balancerFailure(byte[] bytes) {
        return assertThrows(IllegalArgumentException.class, () -> fromBalancer(bytes))
                .getMessage();
    }

    private static ProxyHeader read(ProxyHeaderReader reader, byte[] bytes, int atOnce) {
        ByteBuffer in = ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length + 20)); // what follows stays
        while (true) {
            ByteBuffer room = reader.room();
            int length = Math.min(Math.min(room.remaining(), atOnce), in.remaining());
            assertFalse(length == 0, "the reader wants more than there is");
            room.put(in.slice(in.position(), length));
            in.position(in.position() + length);
            @Nullable ProxyHeader header = reader.header();
            if (header == null) continue;
            assertEquals(bytes.length, in.position());
            return header;
        }
    }

    private static byte[] hex(String header) {
        return HexFormat.of().parseHex(SIGNATURE + header);
    }

    private static InetSocketAddress address(String host, int port) {
        InetAddress address = AddressLiteral.parse(host);
        assertNotNull(address);
        return new InetSocketAddress(address, port);
    }
}
