package org.relay4j.server.names;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.server.names.Pieces.ofTls;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** ClientHello messages of a TLS engine, and others made by hand. Numbers are hexadecimal. */
class ClientHelloTest {
    private static final String RANDOM = "ab".repeat(32);
    private static final String START = "0303" + RANDOM + "00" + "00021301" + "0100"; // no session, one cipher suite

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Prepends the length. */
    private static String field(int size, String content) {
        return String.format("%0" + 2 * size + "x", content.length() / 2) + content;
    }

    private static String extension(int type, String content) {
        return String.format("%04x", type) + field(2, content);
    }

    private static String serverName(String name) {
        return extension(0, field(2, "00" + field(2, hex(name))));
    }

    private static String protocols(String... names) {
        StringBuilder list = new StringBuilder();
        for (String name : names) list.append(field(1, hex(name)));
        return extension(16, field(2, list.toString()));
    }

    private static String hello(String extensions) {
        return "01" + field(3, START + field(2, extensions));
    }

    private static String record(String content) {
        return "160301" + field(2, content);
    }

    /** @param hex all bytes of the connection */
    record Shape(String title, String hex, Object expected) {
        @Override
        public String toString() {
            return title + " -> " + expected;
        }
    }

    private static Shape shape(String title, String hex, Object expected) {
        return new Shape(title, hex, expected);
    }

    /** A ClientHello with these extensions. */
    private static Shape extensions(String title, String extensions, Object expected) {
        return shape(title, record(hello(extensions)), expected);
    }

    static Stream<Shape> shapes() {
        String app = serverName("app.example.com");
        String hello = hello(app);
        int half = hello.length() / 4 * 2;
        return Stream.of(
                extensions("a name", app, "app.example.com"),
                extensions(
                        "a name behind others",
                        extension(0x2a2a, "") + extension(10, "0002001d") + app,
                        "app.example.com"),
                extensions("upper case", serverName("App.EXAMPLE.com"), "app.example.com"),
                extensions("a dot at the end", serverName("app.example.com."), "app.example.com"),
                extensions("an IPv4 address", serverName("192.0.2.1"), "192.0.2.1"),
                extensions("Encrypted ClientHello", app + extension(0xfe0d, "00".repeat(200)), "app.example.com"),
                extensions("post-quantum keys", app + extension(51, "00".repeat(1_300)), "app.example.com"),
                extensions("no name", protocols("h2"), ""),
                extensions("no extension", "", ""),
                extensions("protocols", app + protocols("h2", "http/1.1"), "app.example.com"),
                extensions("a relay client", app + protocols("relay/1"), "relay app.example.com"),
                extensions("a relay client without a name", protocols("h2", "relay/1"), "relay "),
                extensions("a similar protocol", app + protocols("relay/10", "relay/"), "app.example.com"),
                shape("no field for extensions", record("01" + field(3, START)), ""),
                shape("record version of TLS 1.2", "160303" + field(2, hello), "app.example.com"),
                shape("record version of TLS 1.3", "160304" + field(2, hello), "app.example.com"),
                shape(
                        "a session",
                        record("01"
                                + field(
                                        3,
                                        START.replace(RANDOM + "00", RANDOM + field(1, "cd".repeat(32)))
                                                + field(2, app))),
                        "app.example.com"),
                shape("early data behind it", record(hello) + "170303" + field(2, "00".repeat(50)), "app.example.com"),
                shape(
                        "two records",
                        record(hello.substring(0, half)) + record(hello.substring(half)),
                        "app.example.com"),
                shape("a record for each byte", records(hello), "app.example.com"),
                shape("half a record", record(hello).substring(0, half), "incomplete"),
                shape("half a header", "1603", "incomplete"),
                shape("nothing but a type", "16", "incomplete"),
                // Other protocols
                shape("HTTP", hex("GET / HTTP/1.1\r\n"), Fault.NOT_TLS),
                shape("SSL 2", "802e0100020015000000100100800300800700c0", Fault.NOT_TLS),
                shape("SSL 3 record", "160300" + field(2, hello), Fault.NOT_TLS),
                shape("record version 4", "160401" + field(2, hello), Fault.NOT_TLS),
                shape("an alert", "15030100020228", Fault.NOT_TLS),
                shape("a byte", "00", Fault.NOT_TLS),
                // Names
                extensions(
                        "two names in a list",
                        extension(0, field(2, "00" + field(2, hex("a.example")) + "00" + field(2, hex("b.example")))),
                        Fault.SERVER_NAME),
                extensions("two lists", app + serverName("b.example"), Fault.CLIENT_HELLO),
                extensions(
                        "another type of name",
                        extension(0, field(2, "01" + field(2, hex("a.example")))),
                        Fault.SERVER_NAME),
                extensions("an empty extension", extension(0, ""), Fault.SERVER_NAME),
                extensions("an empty list", extension(0, "0000"), Fault.SERVER_NAME),
                extensions("an empty name", extension(0, field(2, "000000")), Fault.SERVER_NAME),
                extensions(
                        "bytes behind the list",
                        extension(0, field(2, "00" + field(2, hex("a"))) + "00"),
                        Fault.SERVER_NAME),
                extensions(
                        "bytes behind the name",
                        extension(0, field(2, "00" + field(2, hex("a")) + "00")),
                        Fault.SERVER_NAME),
                extensions(
                        "a name that is cut off",
                        extension(0, field(2, "000010" + hex("a.example"))),
                        Fault.SERVER_NAME),
                extensions("a zero in the name", serverName("app.example.com\0.b.example"), Fault.SERVER_NAME),
                extensions("a wildcard", serverName("*.example.com"), Fault.SERVER_NAME),
                extensions("a port", serverName("app.example.com:443"), Fault.SERVER_NAME),
                extensions("an IPv6 address", serverName("2001:db8::1"), Fault.SERVER_NAME),
                extensions("UTF-8", serverName("b\u00C3\u00BCcher.example"), Fault.SERVER_NAME),
                extensions("a path", serverName("../app"), Fault.SERVER_NAME),
                extensions("a space", serverName("app.example.com "), Fault.SERVER_NAME),
                extensions("a line end", serverName("app.example.com\r\n"), Fault.SERVER_NAME),
                extensions("only a dot", serverName("."), Fault.SERVER_NAME),
                extensions("255 characters", serverName("a".repeat(255)), Fault.SERVER_NAME),
                // Protocols
                extensions("two lists of protocols", app + protocols("h2") + protocols("relay/1"), Fault.CLIENT_HELLO),
                extensions("an empty list of protocols", app + extension(16, "0000"), Fault.CLIENT_HELLO),
                extensions("an empty protocol", app + protocols("h2", ""), Fault.CLIENT_HELLO),
                extensions(
                        "a protocol that is cut off",
                        app + extension(16, field(2, "09" + hex("h2"))),
                        Fault.CLIENT_HELLO),
                extensions(
                        "bytes behind the protocols",
                        app + extension(16, field(2, field(1, hex("h2"))) + "00"),
                        Fault.CLIENT_HELLO),
                // Messages
                extensions("an extension that is cut off", app + "000a0009", Fault.CLIENT_HELLO),
                extensions("half the header of an extension", app + "000a00", Fault.CLIENT_HELLO),
                shape(
                        "bytes behind the extensions",
                        record("01" + field(3, START + field(2, app) + "00")),
                        Fault.CLIENT_HELLO),
                shape("extensions that are cut off", record("01" + field(3, START + "7fff" + app)), Fault.CLIENT_HELLO),
                shape(
                        "a session that is too long",
                        record("01"
                                + field(
                                        3,
                                        START.replace(RANDOM + "00", RANDOM + field(1, "cd".repeat(33)))
                                                + field(2, app))),
                        Fault.CLIENT_HELLO),
                shape(
                        "no cipher suites",
                        record("01" + field(3, START.replace("00021301", "0000") + field(2, app))),
                        Fault.CLIENT_HELLO),
                shape(
                        "half a cipher suite",
                        record("01" + field(3, START.replace("00021301", "0003130113") + field(2, app))),
                        Fault.CLIENT_HELLO),
                shape(
                        "no compression",
                        record("01" + field(3, START.substring(0, START.length() - 4) + "00" + field(2, app))),
                        Fault.CLIENT_HELLO),
                shape(
                        "message version 4",
                        record("01" + field(3, "0403" + START.substring(4) + field(2, app))),
                        Fault.CLIENT_HELLO),
                shape("an empty message", record("01000000"), Fault.CLIENT_HELLO),
                shape("another message", record("02" + hello.substring(2)), Fault.CLIENT_HELLO),
                shape("two messages in a record", record(hello + "01000000"), Fault.CLIENT_HELLO),
                shape("an empty record", record(""), Fault.CLIENT_HELLO),
                shape(
                        "an empty record between",
                        record(hello.substring(0, half)) + record("") + record(hello.substring(half)),
                        Fault.CLIENT_HELLO),
                shape("an alert between", record(hello.substring(0, half)) + "15030100020228", Fault.CLIENT_HELLO),
                shape("another version between", record(hello.substring(0, half)) + "160401", Fault.CLIENT_HELLO),
                shape("a long record", "160301" + "4000", Fault.TOO_LONG),
                shape("a long message", record("01010000" + START), Fault.TOO_LONG),
                shape("a message of 16 MiB", record("01ffffff"), Fault.TOO_LONG),
                shape("too many short records", records("01003fff" + "00".repeat(4_000)), Fault.TOO_LONG));
    }

    private static String records(String content) {
        StringBuilder records = new StringBuilder();
        for (int at = 0; at < content.length(); at += 2) records.append(record(content.substring(at, at + 2)));
        return records.toString();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void shape(Shape shape) {
        byte[] bytes = HexFormat.of().parseHex(shape.hex);
        for (int atOnce : new int[] {Integer.MAX_VALUE, 1, 7}) {
            assertEquals(shape.expected, outcome(ofTls(bytes, atOnce)), () -> "in pieces of " + atOnce);
        }
    }

    private static Object outcome(@Nullable Opening opening) {
        if (opening == null) return "incomplete";
        if (opening.fault() != null) return opening.fault();
        return (opening.relay() ? "relay " : "") + opening.name();
    }

    @Test
    void helloOfAnEngine() throws Exception {
        for (String version : List.of("TLSv1.2", "TLSv1.3")) {
            SSLEngine engine = SSLContext.getDefault().createSSLEngine();
            engine.setUseClientMode(true);
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName("app.example.com")));
            parameters.setApplicationProtocols(new String[] {"relay/1"});
            parameters.setProtocols(new String[] {version});
            engine.setSSLParameters(parameters);
            ByteBuffer record = ByteBuffer.allocate(32 * 1024);
            engine.wrap(ByteBuffer.allocate(0), record);
            byte[] bytes = new byte[record.flip().remaining()];
            record.get(bytes);
            assertEquals("relay app.example.com", outcome(ofTls(bytes, 1)), version);
            for (int length = 0; length < bytes.length; length++) {
                byte[] part = Arrays.copyOf(bytes, length);
                assertEquals("incomplete", outcome(ofTls(part, Integer.MAX_VALUE)), version);
            }
        }
    }

    /** No change of a byte lets the reader fail, wait for bytes that never come, or see a name that is not there. */
    @Test
    void changedBytes() {
        byte[] bytes = HexFormat.of().parseHex(record(hello(protocols("h2") + serverName("app.example.com"))));
        Random random = new Random(3);
        for (int at = 0; at < bytes.length; at++) {
            for (int n = 0; n < 20; n++) {
                byte[] changed = bytes.clone();
                changed[at] = (byte) random.nextInt();
                Opening whole = ofTls(changed, Integer.MAX_VALUE);
                assertEquals(whole, ofTls(changed, 1));
                if (whole == null) assertTrue(at == 3 || at == 4 || (at >= 6 && at <= 8), "a length, at " + at);
                else assertTrue(whole.name().length() <= 16, whole.name());
            }
        }
    }

    @Test
    void longestHello() {
        String most = hello(serverName("app.example.com") + extension(21, "00".repeat(16_000)));
        int left = OpeningReader.MOST - 5 - most.length() / 2;
        String longest = hello(serverName("app.example.com") + extension(21, "00".repeat(16_000 + left)));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(HexFormat.of().parseHex(record(longest)));
        assertEquals(OpeningReader.MOST, bytes.size());
        assertEquals("app.example.com", outcome(ofTls(bytes.toByteArray(), 1_000)));
        String longer = hello(serverName("app.example.com") + extension(21, "00".repeat(16_001 + left)));
        assertEquals(Fault.TOO_LONG, outcome(ofTls(HexFormat.of().parseHex(record(longer)), 1_000)));
    }
}
