package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.hc.core5.http.HttpException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is a request, and where its head ends. */
class RequestTest {
    @Test
    void methodPathAndHeaders() throws HttpException {
        Request request = parse("GET /api/tunnels?x=/y HTTP/1.1\r\nHost: a\r\nX:\r\nhost:  b \r\nACCEPT: c\r\n\r\n");
        assertEquals("GET", request.method());
        assertEquals("/api/tunnels", request.path());
        assertEquals(List.of("a", "b"), request.values("Host"));
        assertEquals("c", request.first("accept"));
        assertEquals("", request.first("X"));
        assertNull(request.first("Authorization"));
    }

    @ParameterizedTest
    @CsvSource({
        "GET /healthz HTTP/1.0, /healthz",
        "GET http://localhost:1/healthz HTTP/1.1, /healthz",
        "GET /%68ealthz HTTP/1.1, /healthz",
        "GET //healthz HTTP/1.1, ''",
        "GET /a/../healthz HTTP/1.1, /a/../healthz",
        "OPTIONS * HTTP/1.1, *",
        "CONNECT a:1 HTTP/1.1,"
    })
    void paths(String line, String path) throws HttpException {
        assertEquals(path, parse(line + "\r\n\r\n").path());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\r\nGET / HTTP/1.1\r\n",
                "GET /\r\n",
                "GET\r\n",
                "GET / HTTP/2.0\r\n",
                "GET / HTTP/0.9\r\n",
                "GET / HTTP/1.x\r\n",
                "GET / http/1.1\r\n",
                "GET /% HTTP/1.1\r\n",
                "GET /a b HTTP/1.1\r\n",
                "GET / HTTP/1.1 x\r\n",
                "GET / HTTP/1.1\r\nno colon\r\n",
                "GET / HTTP/1.1\r\n: no name\r\n",
                "GET / HTTP/1.1\r\nHost : a\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001\r\n" // TLS
            })
    void othersAreNot(String head) {
        assertThrows(HttpException.class, () -> parse(head + "\r\n"));
    }

    @Test
    void headersAreLimited() throws HttpException {
        String line = "GET / HTTP/1.1\r\n";
        assertEquals(
                50, parse(line + "X: y\r\n".repeat(50) + "\r\n").values("x").size());
        assertThrows(HttpException.class, () -> parse(line + "X: y\r\n".repeat(51) + "\r\n"));
    }

    @Test
    void endOfTheHead() {
        assertEquals(8, end("a\r\nb\r\n\r\nc"));
        assertEquals(3, end("a\n\nc"));
        assertEquals(4, end("a\n\r\nc"));
        for (String part : List.of("", "a", "a\r", "a\r\n", "a\r\n\r", "a\r\nb\r\n", "\n\r", "\n")) {
            assertEquals(-1, end(part), part);
        }
    }

    private static int end(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        int end = Request.endOfHead(bytes, 0, bytes.length);
        for (int from = 0; from <= Math.max(0, bytes.length - 2) && end >= 0 && from <= end - 3; from++) {
            assertEquals(end, Request.endOfHead(bytes, from, bytes.length), "from " + from);
        }
        return end;
    }

    private static Request parse(String head) throws HttpException {
        return Request.parse(head.getBytes(StandardCharsets.ISO_8859_1), null);
    }
}
