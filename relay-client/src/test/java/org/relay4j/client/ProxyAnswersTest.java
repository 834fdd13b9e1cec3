package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.RelayProxyException;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;

/** What proxies are sent and may answer, with ones that follow a script. The server's name exists nowhere. */
@ExtendWith(LeakCheck.EachTest.class)
class ProxyAnswersTest {
    private static final String HOST = "relay.invalid";
    private static final String OK = "HTTP/1.1 200 OK\r\n\r\n";
    private static final String SOCKS_OK = "0500 05000001 7f000001 1f90";
    private static final String PASSWORD = "secret word";
    private static final PasswordAuthentication ALICE = new PasswordAuthentication("alice", PASSWORD.toCharArray());

    // ---- HTTP: the request

    @ParameterizedTest
    @CsvSource({
        "relay.invalid, relay.invalid:7000",
        "127.0.0.1, 127.0.0.1:7000",
        "::1, [::1]:7000",
        "Bücher.invalid, xn--bcher-kva.invalid:7000",
        "under_score.invalid, under_score.invalid:7000"
    })
    void httpProxyIsAskedForTheName(String host, String asked) throws Exception {
        assertEquals("CONNECT " + asked + " HTTP/1.1\r\nHost: " + asked + "\r\n\r\n", head(host, builder()));
    }

    @Test
    void httpProxyReceivesTheCredentials() throws Exception {
        String head = head(HOST, builder().proxyCredentials(ALICE));
        assertTrue(head.contains("\r\nProxy-Authorization: Basic YWxpY2U6c2VjcmV0IHdvcmQ=\r\n"), head);
    }

    private static String head(String host, RelayClientOptions.Builder options) throws Exception {
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        try (FakeServer proxy = FakeServer.start(connection -> {
            heads.add(readHead(connection.getInputStream()));
            connection.getOutputStream().write((OK + "4532\n").getBytes(StandardCharsets.US_ASCII));
            FakeServer.awaitEnd(connection);
        })) {
            open(host, options.proxy(proxy(Proxy.Type.HTTP, proxy)).build());
            return heads.take();
        }
    }

    private static String readHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (int next; head.indexOf("\r\n\r\n") < 0 && (next = in.read()) >= 0; ) head.append((char) next);
        return head.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "relay\r\nX: y", "relay\n", "a/b", "a@b", "fe80::1%eth0", "::1]", "a:1"})
    void hostThatCouldChangeTheRequestIsNotSent(String host) throws IOException {
        try (FakeServer proxy = FakeServer.saying(OK)) {
            for (Proxy.Type type : List.of(Proxy.Type.HTTP, Proxy.Type.SOCKS)) {
                RelayClientOptions options = builder().proxy(proxy(type, proxy)).build();
                RelayProxyException failure = assertThrows(RelayProxyException.class, () -> open(host, options));
                assertTrue(
                        failure.getMessage().startsWith("a proxy cannot be asked for the host "), failure.getMessage());
            }
            assertEquals(0, proxy.connected());
        }
    }

    // ---- HTTP: the answer

    @ParameterizedTest
    @ValueSource(
            strings = {
                OK,
                "HTTP/1.0 200 Connection established\r\n\r\n",
                "HTTP/1.1 200\r\n\r\n",
                "HTTP/1.1 200 \r\n\r\n",
                "HTTP/1.1 200 OK\n\n",
                "HTTP/1.1 299 Fine\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nVia:\r\nX-Tab:\ta\tb\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
            })
    void bytesBehindTheHeadAreTheServers(String head) throws IOException {
        assertBytesBehindAreTheServers(Proxy.Type.HTTP, head.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void longestHeadIsRead() throws IOException {
        String fill = "HTTP/1.1 200 OK\r\nX: " + "x".repeat(HttpConnect.LONGEST_HEAD - 24);
        assertEquals(HttpConnect.LONGEST_HEAD, (fill + "\r\n\r\n").length());
        assertBytesBehindAreTheServers(Proxy.Type.HTTP, (fill + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(message(Proxy.Type.HTTP, fill + "x\r\n\r\n").endsWith("longer than 8192 bytes"));
        String many = "HTTP/1.1 100 Continue\r\n\r\n".repeat(400);
        assertTrue(message(Proxy.Type.HTTP, many).endsWith("longer than 8192 bytes"));
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.of(
                        "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"a\"\r\n\r\n",
                        "requires a user name and a password (HTTP 407 No); set the option proxyCredentials"),
                Arguments.of("HTTP/1.1 407 \r\n\r\n", "requires a user name and a password (HTTP 407 )"),
                Arguments.of(
                        "HTTP/1.1 407 No\r\nproxy-authenticate: NTLM\r\nProxy-Authenticate:Negotiate, Digest realm=\"Basic, b\"\r\n\r\n",
                        "requires another authentication than Basic (HTTP 407 No): ntlm, negotiate, digest"),
                Arguments.of(
                        "HTTP/1.1 403 Filtered\r\n\r\n",
                        "does not allow connections to relay.invalid:7000 (HTTP 403 Filtered); ask"),
                Arguments.of(
                        "HTTP/1.1 502 \u00e9\u009b\r\n\r\n", "cannot reach relay.invalid:7000 (HTTP 502 ??); check"),
                Arguments.of("HTTP/1.1 503 Down\r\n\r\n", "cannot reach relay.invalid:7000 (HTTP 503 Down)"),
                Arguments.of(
                        "HTTP/1.1 302 Found\r\nLocation: http://a/\r\n\r\n",
                        "refused to connect to relay.invalid:7000 (HTTP 302 Found)"),
                Arguments.of("HTTP/1.1 101 Switching\r\n\r\n", "refused to connect to relay.invalid:7000 (HTTP 101"),
                Arguments.of("HTTP/1.1 500 " + "x".repeat(4000) + "\r\n\r\n", "xxx...); ask its operator"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void refusalOfAnHttpProxyIsExplained(String answer, String explanation) throws IOException {
        String message = message(Proxy.Type.HTTP, answer);
        assertTrue(message.contains(explanation), message);
        assertTrue(message.length() < 400, message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "4532\n",
                "SSH-2.0-OpenSSH_9.2\r\n",
                "HTTP/2 200\r\n\r\n",
                "HTTP/1.1 99 OK\r\n\r\n",
                "HTTP/1.1 2000 OK\r\n\r\n",
                "HTTP/1.1  200 OK\r\n\r\n",
                "http/1.1 200 OK\r\n\r\n",
                " HTTP/1.1 200 OK\r\n\r\n",
                "\r\nHTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\0\r\n\r\n",
                "HTTP/1.1 200 OK\r\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: \u001b[2J\r\n\r\n",
                "HTTP/1.1 200", // and then the end
                "\u0015\u0003\u0003\0\u0002\u0002("
            })
    void otherAnswerIsThatOfNoHttpProxy(String answer) throws IOException {
        String message = message(Proxy.Type.HTTP, answer);
        assertTrue(message.contains(" is not an HTTP proxy: it answered \"") || answer.equals("HTTP/1.1 200"), message);
        assertTrue(message.chars().allMatch(c -> c >= ' ' && c < 0x7F), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"no colon", "X : space", " folded: line", ": no name", "X Y: space"})
    void malformedFieldIsNotAccepted(String field) throws IOException {
        String message = message(Proxy.Type.HTTP, "HTTP/1.1 200 OK\r\n" + field + "\r\n\r\n");
        assertTrue(message.endsWith("sent a malformed HTTP header: \"" + field + "\""), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nVia: a\r\n\r"})
    void endWithinTheHeadIsReported(String answer) throws IOException {
        String message = message(Proxy.Type.HTTP, answer);
        assertTrue(message.contains("closed the connection before it had answered"), message);
    }

    // ---- SOCKS: the request

    @ParameterizedTest
    @CsvSource({
        "relay.invalid, 03 0d 72656c61792e696e76616c6964",
        "127.0.0.1, 01 7f000001",
        "999.0.0.1, 03 09 3939392e302e302e31",
        "::1, 04 00000000000000000000000000000001"
    })
    void socksProxyIsAskedForTheName(String host, String asked) throws Exception {
        assertEquals(("050100 050100" + asked + "1b58").replace(" ", ""), socksRequest(host, builder(), "0500"));
    }

    @Test
    void socksProxyReceivesTheCredentialsIfItAsks() throws Exception {
        RelayClientOptions.Builder options = builder().proxyCredentials(ALICE);
        String proof = " 01 05616c696365 0b73656372657420776f7264";
        String request = " 050100 01 7f000001 1b58";
        String both = "05020002" + proof + request;
        assertEquals(both.replace(" ", ""), socksRequest("127.0.0.1", options, "0502 0100"));
        String one = "05020002" + request;
        assertEquals(one.replace(" ", ""), socksRequest("127.0.0.1", options, "0500"));
    }

    /** Returns what a proxy was sent, in hexadecimal digits. */
    private static String socksRequest(String host, RelayClientOptions.Builder options, String authentication)
            throws Exception {
        BlockingQueue<String> received = new LinkedBlockingQueue<>();
        byte[] answers = hex(authentication);
        try (FakeServer proxy = FakeServer.start(connection -> {
            InputStream in = connection.getInputStream();
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(in.readNBytes(2));
            all.writeBytes(in.readNBytes(all.toByteArray()[1]));
            connection.getOutputStream().write(answers, 0, 2);
            if (answers.length > 2) {
                for (int i = 0; i < 2; i++) {
                    byte[] head = in.readNBytes(i == 0 ? 2 : 1);
                    all.writeBytes(head);
                    all.writeBytes(in.readNBytes(head[head.length - 1]));
                }
                connection.getOutputStream().write(answers, 2, 2);
            }
            byte[] request = in.readNBytes(5);
            all.writeBytes(request);
            all.writeBytes(in.readNBytes(2 + (request[3] == 1 ? 3 : request[3] == 4 ? 15 : request[4])));
            received.add(HexFormat.of().formatHex(all.toByteArray()));
            connection.getOutputStream().write(hex("05000001 7f000001 1f90"));
            connection.getOutputStream().write("4532\n".getBytes(StandardCharsets.US_ASCII));
            FakeServer.awaitEnd(connection);
        })) {
            open(host, options.proxy(proxy(Proxy.Type.SOCKS, proxy)).build());
            return received.take();
        }
    }

    // ---- SOCKS: the answer

    @ParameterizedTest
    @ValueSource(
            strings = {
                SOCKS_OK,
                "0500 05000004 00000000000000000000000000000001 1f90",
                "0500 05000003 00 1f90",
                "0500 05000003 09 6c6f63616c686f7374 0000"
            })
    void bytesBehindTheReplyAreTheServers(String answer) throws IOException {
        assertBytesBehindAreTheServers(Proxy.Type.SOCKS, hex(answer));
    }

    @Test
    void longestNameInTheReplyIsRead() throws IOException {
        assertBytesBehindAreTheServers(Proxy.Type.SOCKS, hex("0500 05000003 ff" + "61".repeat(255) + "0000"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "05ff | requires authentication; set the option proxyCredentials",
                "0502 | is not a SOCKS 5 proxy: it answered with authentication method 2, which was not offered",
                "0503 | authentication method 3, which was not offered",
                "045a | is not a SOCKS 5 proxy: it answered with version 4;",
                "005a | version 0",
                "485454502f312e3120343030 | version 72, it speaks HTTP",
                "0500 0501 | reports a general failure for relay.invalid:7000",
                "0500 0502 | does not allow connections to relay.invalid:7000; ask its operator, or use port 443",
                "0500 0503 | cannot reach relay.invalid:7000: network unreachable; check",
                "0500 0504 | cannot reach relay.invalid:7000: host unreachable; check",
                "0500 050500010000000000000 0 | cannot reach relay.invalid:7000: connection refused; check",
                "0500 0506 | time to live expired",
                "0500 0507 | does not support connections to other hosts",
                "0500 0508 | does not support the address of relay.invalid:7000",
                "0500 0509 | refused to connect to relay.invalid:7000: unknown reply 9",
                "0500 05ff | unknown reply 255",
                "0500 0400 | version 4",
                "0500 050001 | a reply whose third byte is 1",
                "0500 05000000 | address type 0",
                "0500 05000002 | address type 2",
                "0500 050000ff | address type 255"
            })
    void refusalOfASocksProxyIsExplained(String answer, String explanation) throws IOException {
        String message = message(Proxy.Type.SOCKS, answer(answer));
        assertTrue(message.contains(explanation), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "05ff | requires another authentication than a user name and a password",
                "0502 0101 | does not accept the user name and the password; check both",
                "0502 01ff | does not accept the user name and the password; check both",
                "0502 0500 | version 5",
                "0502 01 | closed the connection before it had answered"
            })
    void refusalOfCredentialsIsExplained(String answer, String explanation) throws IOException {
        String message = message(Proxy.Type.SOCKS, answer(answer), builder().proxyCredentials(ALICE));
        assertTrue(message.contains(explanation), message);
    }

    @Test
    void endWithinTheReplyIsReported() throws IOException {
        byte[] whole = hex(SOCKS_OK);
        for (int length = 0; length < whole.length; length++) {
            String cut = new String(Arrays.copyOf(whole, length), StandardCharsets.ISO_8859_1);
            String message = message(Proxy.Type.SOCKS, cut);
            assertTrue(message.contains("closed the connection before it had answered"), length + ": " + message);
        }
    }

    // ---- both

    @ParameterizedTest
    @CsvSource({"HTTP, ''", "HTTP, HTTP/1.1 200 OK", "SOCKS, ''", "SOCKS, '\u0005\0'"})
    void proxyThatDoesNotAnswerIsWaitedForAsLongAsAConnect(Proxy.Type type, String start) throws IOException {
        try (FakeServer proxy = FakeServer.saying(start)) {
            RelayClientOptions options = builder()
                    .connectTimeout(Duration.ofMillis(300))
                    .proxy(proxy(type, proxy))
                    .build();
            RelayProxyException failure = assertThrows(RelayProxyException.class, () -> open(HOST, options));
            String expected = " did not connect to relay.invalid:7000 in time; check both addresses";
            assertTrue(failure.getMessage().contains(expected), failure.getMessage());
            proxy.awaitAllEnded();
        }
    }

    @ParameterizedTest
    @CsvSource({"HTTP, 407, true", "HTTP, 403, false", "SOCKS, 05ff, true", "SOCKS, 05000502, false"})
    void credentialsAreToldFromOtherReasonsAndNeverShown(Proxy.Type type, String reason, boolean credentials)
            throws IOException {
        String answer = type == Proxy.Type.HTTP ? "HTTP/1.1 " + reason + " No\r\n\r\n" : answer(reason);
        try (Logged log = Logged.below("org.relay4j");
                FakeServer proxy = answering(answer)) {
            RelayClientOptions options =
                    builder().proxyCredentials(ALICE).proxy(proxy(type, proxy)).build();
            RelayProxyException failure = assertThrows(RelayProxyException.class, () -> open(HOST, options));
            assertEquals(credentials, failure.isAboutCredentials(), failure.getMessage());
            for (String secret : List.of(PASSWORD, "YWxpY2U6")) {
                assertFalse(failure.toString().contains(secret), failure.toString());
                assertFalse(
                        log.lines().toString().contains(secret),
                        () -> log.lines().toString());
            }
            ProxyRequest request = ProxyRequest.of("proxy:1", HOST, 1, ALICE);
            assertEquals("relay.invalid:1 through the proxy proxy:1", request.toString());
        }
    }

    // ---- the script

    /** The proxy and the server behind it answer with one write: the port line, and a byte of yamux. */
    private static void assertBytesBehindAreTheServers(Proxy.Type type, byte[] answer) throws IOException {
        String all = new String(answer, StandardCharsets.ISO_8859_1) + "4532\nY";
        try (FakeServer proxy = FakeServer.saying(all)) {
            ControlConnection connection = ControlConnection.open(
                    HOST, 7000, builder().proxy(proxy(type, proxy)).build());
            try (Conversation rest = new Conversation(connection.wire(), Duration.ofSeconds(20))) {
                assertEquals(InetSocketAddress.createUnresolved(HOST, 4532), connection.publicAddress());
                assertEquals('Y', rest.read());
            } finally {
                connection.wire().close();
            }
        }
    }

    private static String message(Proxy.Type type, String answer) throws IOException {
        return message(type, answer, builder());
    }

    private static String message(Proxy.Type type, String answer, RelayClientOptions.Builder options)
            throws IOException {
        try (FakeServer proxy = answering(answer)) {
            RelayClientOptions complete = options.proxy(proxy(type, proxy)).build();
            String message = assertThrows(RelayProxyException.class, () -> open(HOST, complete))
                    .getMessage();
            String start = "the proxy 127.0.0.1:" + proxy.port() + " ";
            assertTrue(message.startsWith(start), message);
            proxy.awaitAllEnded();
            return message.substring(start.length() - 1);
        }
    }

    /** A proxy that has said everything before it reads, and ends its output. */
    private static FakeServer answering(String answer) throws IOException {
        return FakeServer.start(connection -> {
            connection.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
            connection.shutdownOutput();
            FakeServer.awaitEnd(connection);
        });
    }

    private static void open(String host, RelayClientOptions options) throws IOException {
        ControlConnection.open(host, 7000, options).wire().close();
    }

    private static RelayClientOptions.Builder builder() {
        return RelayClientOptions.builder();
    }

    private static Proxy proxy(Proxy.Type type, FakeServer server) {
        return new Proxy(
                type, new InetSocketAddress(InetAddress.getLoopbackAddress().getHostAddress(), server.port()));
    }

    private static String answer(String hex) {
        return new String(hex(hex), StandardCharsets.ISO_8859_1);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }
}
