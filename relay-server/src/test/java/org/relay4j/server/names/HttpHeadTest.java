package org.relay4j.server.names;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.server.names.Pieces.ofHttp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Heads of HTTP/1 requests with which a proxy and the server behind it could see different hosts, and those that are in order. */
class HttpHeadTest {
    /**
     * @param head CR LF is written as "|"
     * @param expected a name, "-" for none, or a fault
     */
    record Shape(String head, Object expected) {
        byte[] bytes() {
            return head.replace("|", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        }

        @Override
        public String toString() {
            return head.replace("\0", "<NUL>")
                            .replace("\r", "<CR>")
                            .replace("\n", "<LF>")
                            .replace("\t", "<HT>") + " -> " + expected;
        }
    }

    private static Shape shape(String head, Object expected) {
        return new Shape(head, expected);
    }

    static Stream<Shape> shapes() {
        return SHAPES.stream();
    }

    private static final List<Shape> SHAPES = List.of(
            // Requests in order
            shape("GET / HTTP/1.1|Host: app.example.com||", "app.example.com"),
            shape("GET / HTTP/1.1|Accept: */*|Host: app.example.com|User-Agent: x||", "app.example.com"),
            shape("GET / HTTP/1.1|hOST: app.example.com||", "app.example.com"),
            shape("GET / HTTP/1.1|Host:app.example.com||", "app.example.com"),
            shape("GET / HTTP/1.1|Host:\t app.example.com \t||", "app.example.com"),
            shape("GET / HTTP/1.1|Host: APP.Example.COM||", "app.example.com"),
            shape("GET / HTTP/1.1|Host: app.example.com.||", "app.example.com"),
            shape("GET / HTTP/1.1|Host: app.example.com:8080||", "app.example.com"),
            shape("GET / HTTP/1.1|Host: app.example.com.:80||", "app.example.com"),
            shape("GET / HTTP/1.1|Host: xn--bcher-kva.example||", "xn--bcher-kva.example"),
            shape("GET / HTTP/1.1|Host: app_1.example.com||", "app_1.example.com"),
            shape("GET / HTTP/1.1|Host: 192.0.2.1||", "192.0.2.1"),
            shape("GET / HTTP/1.1|Host: [2001:db8::1]:80||", "-"),
            shape("GET / HTTP/1.0|Host: app.example.com||", "app.example.com"),
            shape("GET / HTTP/1.0||", "-"),
            shape("GET /caf\u00E9 HTTP/1.1|Host: app.example.com||", "app.example.com"),
            shape("GET //other.example.com/ HTTP/1.1|Host: app.example.com||", "app.example.com"),
            shape("OPTIONS * HTTP/1.1|Host: app.example.com||", "app.example.com"),
            shape("M-SEARCH /x HTTP/1.1|Host: app.example.com||", "app.example.com"),
            shape(
                    "GET /chat HTTP/1.1|Host: app.example.com|Connection: Upgrade|Upgrade: websocket||",
                    "app.example.com"),
            shape(
                    "GET / HTTP/1.1|Host: app.example.com|Connection: Upgrade, HTTP2-Settings|Upgrade: h2c||",
                    "app.example.com"),
            shape("GET http://app.example.com/x HTTP/1.1|Host: app.example.com||", "app.example.com"),
            shape("GET HTTP://App.Example.com/x HTTP/1.1|Host: app.example.com||", "app.example.com"),
            shape("GET https://app.example.com:443?q HTTP/1.1|Host: app.example.com:443||", "app.example.com"),
            // What follows the head does not matter: the whole connection has one backend
            shape(
                    "POST / HTTP/1.1|Host: app.example.com|Content-Length: 44||GET / HTTP/1.1|Host: other.example.com||",
                    "app.example.com"),
            shape(
                    "POST / HTTP/1.1|Host: app.example.com|Content-Length: 0|Transfer-Encoding: chunked||0||",
                    "app.example.com"),
            shape("POST / HTTP/1.1|Host: app.example.com|Transfer-Encoding: xchunked||", "app.example.com"),
            shape("POST / HTTP/1.1|Host: app.example.com|Content-Length: 1|Content-Length: 2||", "app.example.com"),
            shape("GET / HTTP/1.1|Host: app.example.com|X-Forwarded-Host: other.example.com||", "app.example.com"),
            shape("GET / HTTP/1.1|Host: app.example.com|Forwarded: host=other.example.com||", "app.example.com"),
            // Several hosts
            shape("GET / HTTP/1.1|Host: app.example.com|Host: other.example.com||", Fault.SEVERAL_HOSTS),
            shape("GET / HTTP/1.1|Host: app.example.com|Host: app.example.com||", Fault.SEVERAL_HOSTS),
            shape("GET / HTTP/1.1|Host: app.example.com|Accept: */*|HOST: other.example.com||", Fault.SEVERAL_HOSTS),
            shape("GET / HTTP/1.1|Host:|Host: app.example.com||", Fault.SEVERAL_HOSTS),
            shape("GET / HTTP/1.1|Host: app.example.com, other.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com other.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com\tother.example.com||", Fault.HOST),
            shape("GET http://other.example.com/ HTTP/1.1|Host: app.example.com||", Fault.OTHER_TARGET),
            shape("GET http://app.example.com:81/ HTTP/1.1|Host: app.example.com||", Fault.OTHER_TARGET),
            shape("GET http://app.example.com./ HTTP/1.1|Host: app.example.com||", Fault.OTHER_TARGET),
            shape("GET http://app.example.com@other.example.com/ HTTP/1.1|Host: app.example.com||", Fault.OTHER_TARGET),
            shape(
                    "GET http://app.example.com\\@other.example.com/ HTTP/1.1|Host: other.example.com||",
                    Fault.OTHER_TARGET),
            shape("GET http:///x HTTP/1.1|Host: app.example.com||", Fault.OTHER_TARGET),
            // No host
            shape("GET / HTTP/1.1||", Fault.NO_HOST),
            shape("GET / HTTP/1.1|X-Host: app.example.com||", Fault.NO_HOST),
            shape("GET http://app.example.com/ HTTP/1.1||", Fault.NO_HOST),
            shape("GET http://app.example.com/ HTTP/1.0||", Fault.NO_HOST),
            shape("GET / HTTP/1.1|Host:||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: .||", Fault.HOST),
            // Malformed hosts
            shape("GET / HTTP/1.1|Host: user@app.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: user:secret@app.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: http://app.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com/x||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com?x||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com#x||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com\\x||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: \"app.example.com\"||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app%2eexample.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: *.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: b\u00FCcher.example||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: b\u00C3\u00BCcher.example||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com:||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com:65536||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com:080808||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com:+80||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com:80:80||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: app.example.com:80@other.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: 2001:db8::1||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: [2001:db8::1||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: [app.example.com]||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: [::1]app.example.com||", Fault.HOST),
            shape("GET / HTTP/1.1|Host: " + "a".repeat(255) + "||", Fault.HOST),
            // Headers that another parser could read differently
            shape("GET / HTTP/1.1|Host : app.example.com||", Fault.HEADER),
            shape("GET / HTTP/1.1|Host\t: app.example.com||", Fault.HEADER),
            shape("GET / HTTP/1.1|Host||", Fault.HEADER),
            shape("GET / HTTP/1.1|: app.example.com||", Fault.HEADER),
            shape("GET / HTTP/1.1|Host: app.example.com|Ho st: other.example.com||", Fault.HEADER),
            shape("GET / HTTP/1.1|Host: app.example.com|H\u00F6st: other.example.com||", Fault.HEADER),
            shape("GET / HTTP/1.1|Host: app.example.com|(Host): other.example.com||", Fault.HEADER),
            shape("GET / HTTP/1.1| Host: app.example.com||", Fault.FOLDED_HEADER),
            shape("GET / HTTP/1.1|\tHost: app.example.com||", Fault.FOLDED_HEADER),
            shape("GET / HTTP/1.1|Host: app.example.com| .other.example.com||", Fault.FOLDED_HEADER),
            shape("GET / HTTP/1.1|X: y| Host: other.example.com|Host: app.example.com||", Fault.FOLDED_HEADER),
            shape("GET / HTTP/1.1|Host:| app.example.com||", Fault.FOLDED_HEADER),
            shape("GET / HTTP/1.1|Host: app.example.com| ||", Fault.FOLDED_HEADER),
            // Ends of lines
            shape("GET / HTTP/1.1\nHost: app.example.com\n\n", Fault.LINE_END),
            shape("GET / HTTP/1.1|Host: app.example.com\nHost: other.example.com||", Fault.LINE_END),
            shape("GET / HTTP/1.1|X: y\n\nHost: app.example.com||", Fault.LINE_END),
            shape("GET / HTTP/1.1|Host: app.example.com\rHost: other.example.com||", Fault.LINE_END),
            shape("GET / HTTP/1.1|Host: app.example.com\r\r\n||", Fault.LINE_END),
            shape("GET / HTTP/1.1\rHost: other.example.com\r|Host: app.example.com||", Fault.LINE_END),
            // Control characters
            shape("GET / HTTP/1.1|Host: app.example.com\0.other.example.com||", Fault.CONTROL_CHARACTER),
            shape("GET /\0 HTTP/1.1|Host: app.example.com||", Fault.CONTROL_CHARACTER),
            shape("GET / HTTP/1.1|\0Host: other.example.com|Host: app.example.com||", Fault.CONTROL_CHARACTER),
            shape("GET / HTTP/1.1|Host:\u000Bapp.example.com||", Fault.CONTROL_CHARACTER),
            shape("GET / HTTP/1.1|Host: app.example.com\u007F||", Fault.CONTROL_CHARACTER),
            shape("\u0016\u0003\u0001\u0002\0\u0001", Fault.CONTROL_CHARACTER),
            // Request lines
            shape("|GET / HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape(" GET / HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET  / HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET\t/ HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET / HTTP/1.1 |Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET /a b HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET / http/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET / HTTP/1.2|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET / HTTP/2.0|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET / HTTP/01.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET /|", Fault.REQUEST_LINE),
            shape("GET x HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET @other.example.com/ HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET ftp://app.example.com/ HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("GET * HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("G\u00CBT / HTTP/1.1|Host: app.example.com||", Fault.REQUEST_LINE),
            shape("PRI * HTTP/2.1||SM||", Fault.REQUEST_LINE),
            shape("SSH-2.0-OpenSSH_9.2|", Fault.REQUEST_LINE),
            shape("CONNECT app.example.com:443 HTTP/1.1|Host: app.example.com:443||", Fault.METHOD_CONNECT));

    @ParameterizedTest
    @MethodSource("shapes")
    void shape(Shape shape) {
        for (int atOnce : new int[] {Integer.MAX_VALUE, 1, 7}) {
            Opening opening = ofHttp(shape.bytes(), atOnce);
            assertTrue(opening != null, "incomplete");
            Object outcome =
                    opening.fault() != null ? opening.fault() : opening.name().isEmpty() ? "-" : opening.name();
            assertEquals(shape.expected, outcome, () -> "in pieces of " + atOnce);
        }
    }

    /** The head has to be complete: another host could follow. */
    @Test
    void incomplete() {
        byte[] head = shape("GET / HTTP/1.1|Host: app.example.com||", "").bytes();
        for (int length = 0; length < head.length; length++) {
            assertEquals(null, ofHttp(Arrays.copyOf(head, length), 1));
        }
    }

    @Test
    void longestHead() {
        String start = "GET / HTTP/1.1|Host: app.example.com|Cookie: ";
        int rest = OpeningReader.MOST - start.length() - 2 - 4;
        Opening longest = ofHttp(shape(start + "x".repeat(rest) + "||", "").bytes(), 1000);
        assertTrue(longest != null && longest.name().equals("app.example.com"), () -> "" + longest);
        Opening longer = ofHttp(shape(start + "x".repeat(rest + 1) + "||", "").bytes(), 1000);
        assertTrue(longer != null && longer.fault() == Fault.TOO_LONG, () -> "" + longer);
    }

    @Test
    void targets() {
        assertEquals("/a?b=c", target("GET /a?b=c HTTP/1.1|Host: a.example||"));
        assertEquals("/a", target("GET http://a.example/a HTTP/1.1|Host: a.example||"));
        assertEquals("/?q", target("GET http://a.example?q HTTP/1.1|Host: a.example||"));
        assertEquals("/", target("GET http://a.example HTTP/1.1|Host: a.example||"));
        assertEquals("*", target("OPTIONS * HTTP/1.1|Host: a.example||"));
    }

    private static String target(String head) {
        Opening opening = ofHttp(shape(head, "").bytes(), 3);
        return opening == null ? "incomplete" : opening.target();
    }
}
