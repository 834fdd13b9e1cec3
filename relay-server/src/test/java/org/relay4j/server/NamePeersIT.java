package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.SelfSigned;
import org.relay4j.testing.SelfSignedKeys;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** Visitors of host names are curl and openssl. Each service behind a tunnel is a web server of the JDK that answers with its name. */
@Tag("peers")
class NamePeersIT {
    private static final String ONE = "one.example.com";
    private static final String TWO = "two.example.com";
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>(); // closed in reverse order
    private RelayServer server;
    private int https;
    private int http;

    @BeforeEach
    void start() throws Exception {
        start(options -> options);
    }

    private void start(UnaryOperator<RelayServerOptions.Builder> more) throws IOException {
        RelayServerOptions.Builder options = RelayServerOptions.builder()
                .bindAddress(LOOPBACK)
                .publicBindAddress(LOOPBACK)
                .extended(true)
                .httpsPort(0)
                .httpPort(0);
        server = RelayServer.start(more.apply(options).build());
        open.add(server);
        https = port(server.httpsAddress());
        http = port(server.httpAddress());
    }

    private static int port(@Nullable InetSocketAddress address) {
        if (address == null) throw new AssertionError("there is no such port");
        return address.getPort();
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) open.get(i).close();
    }

    /** Opens a tunnel with a name. Its visitors are passed on to a local port. */
    private void tunnel(String name, int localPort) throws IOException {
        AskingClient client = AskingClient.connect(server, "");
        Session session = client.session();
        open.add(session);
        NameRoutingTest.give(server, name);
        Call.run(() -> {
            while (true) {
                Stream stream = session.accept();
                Socket local = new Socket(LOOPBACK, localPort);
                open.add(local);
                Call.run(() -> copy(stream.getInputStream(), local.getOutputStream(), local::shutdownOutput));
                Call.run(() -> copy(local.getInputStream(), stream.getOutputStream(), stream::shutdownOutput));
            }
        });
    }

    private static void copy(InputStream from, OutputStream to, Call.Action end) throws Exception {
        from.transferTo(to);
        end.run();
    }

    private int serve(HttpServer web, String answer) {
        web.createContext("/", exchange -> answer(exchange, answer));
        web.start();
        open.add(() -> web.stop(0));
        return web.getAddress().getPort();
    }

    private static void answer(HttpExchange exchange, String answer) throws IOException {
        byte[] body = (answer + " " + exchange.getRequestHeaders().getFirst("Host") + " " + exchange.getRequestURI()
                        + " " + exchange.getRequestBody().readAllBytes().length)
                .getBytes(UTF_8);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private int web(String answer) throws IOException {
        return serve(HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 0), answer);
    }

    private int secureWeb(String answer) throws IOException {
        HttpsServer web = HttpsServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
        web.setHttpsConfigurator(new HttpsConfigurator(SelfSigned.context()));
        return serve(web, answer);
    }

    private String run(@Nullable String input, List<String> command) throws Exception {
        Path output = Files.createTempFile(folder, "output", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try (OutputStream in = process.getOutputStream()) {
            if (input != null) in.write(input.getBytes(US_ASCII));
            if (input != null) in.flush();
            assertTrue(process.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), () -> "still runs: " + command);
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(output);
    }

    /** Returns what curl prints: the body, and {@code #} with the status. */
    private String curl(String name, int port, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "--silent",
                "--show-error",
                "--insecure",
                "--noproxy",
                "*",
                "--write-out",
                "#%{http_code} %{redirect_url}"));
        command.addAll(List.of("--resolve", name + ":" + port + ":127.0.0.1"));
        command.addAll(List.of(more));
        command.add((port == https ? "https://" : "http://") + name + ":" + port + "/x?y=z");
        return run(null, command);
    }

    private String openssl(String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + https));
        command.addAll(List.of(more));
        return run("GET / HTTP/1.0\r\nHost: by-openssl\r\n\r\n", command);
    }

    @Test
    void httpsOfTwoServices() throws Exception {
        tunnel(ONE, secureWeb("1"));
        tunnel(TWO, secureWeb("2"));
        assertEquals("1 " + ONE + ":" + https + " /x?y=z 0#200 ", curl(ONE, https));
        assertEquals("2 " + TWO + ":" + https + " /x?y=z 0#200 ", curl(TWO, https, "--tls-max", "1.2"));
        assertEquals(
                "1 " + ONE + ":" + https + " /x?y=z 0#200 ",
                curl("ONE.Example.COM", https).replace("ONE.Example.COM", ONE));
        Path large = Files.write(folder.resolve("large"), new byte[2_000_000]);
        assertEquals("2 " + TWO + ":" + https + " /x?y=z 2000000#200 ", curl(TWO, https, "--data-binary", "@" + large));
        String unknown = curl("three.example.com", https);
        assertTrue(unknown.contains("unrecognized name"), unknown);

        String served = openssl("-servername", ONE, "-quiet");
        assertTrue(served.contains("1 by-openssl / 0"), served);
        String loud = openssl("-servername", "Two.EXAMPLE.com", "-tls1_2", "-quiet");
        assertTrue(loud.contains("2 by-openssl / 0"), loud);
        for (List<String> none : List.of(List.of("-noservername"), List.of("-servername", "*.example.com"))) {
            String refused = openssl(none.toArray(String[]::new));
            assertTrue(refused.contains("unrecognized name"), refused);
        }
        assertEquals(
                3,
                server.statistics().refusals().get(Refusal.NAME_UNKNOWN)
                        + server.statistics().refusals().get(Refusal.NAME_MALFORMED));
    }

    @Test
    void tlsUnderTheDomainEndsAtTheServer() throws Exception {
        close();
        open.clear();
        SelfSignedKeys keys = SelfSignedKeys.make(folder.resolve("domain.p12"), "domain", "*.example.com");
        String certificate = keys.writeCertificate(folder.resolve("domain.pem")).toString();
        ServerTls tls = ServerTls.ofFiles(Path.of(certificate), keys.writeKey(folder.resolve("domain-key.pem")));
        start(options -> options.domain("example.com").domainTls(tls));
        tunnel(ONE, web("1"));
        Path large = Files.write(folder.resolve("large"), new byte[2_000_000]);
        for (String version : List.of("1.2", "1.3")) {
            String[] trust = {"--no-insecure", "--cacert", certificate, "--tls-max", version};
            assertEquals("1 " + ONE + ":" + https + " /x?y=z 0#200 ", curl(ONE, https, trust), version);
            List<String> upload = new ArrayList<>(List.of(trust));
            upload.addAll(List.of("--data-binary", "@" + large));
            assertEquals(
                    "1 " + ONE + ":" + https + " /x?y=z 2000000#200 ",
                    curl(ONE, https, upload.toArray(String[]::new)),
                    version);
            String option = version.equals("1.2") ? "-tls1_2" : "-tls1_3";
            String served =
                    openssl("-servername", ONE, "-quiet", "-verify_return_error", "-CAfile", certificate, option);
            assertTrue(served.contains("1 by-openssl / 0"), served);
        }
        String protocol = openssl("-servername", ONE, "-alpn", "h2,http/1.1");
        assertTrue(protocol.contains("ALPN protocol: http/1.1"), protocol);
        String none = openssl("-servername", ONE, "-alpn", "h2");
        assertTrue(none.contains("No ALPN negotiated"), none);
        assertEquals("1 " + ONE + ":" + http + " /x?y=z 0#200 ", curl(ONE, http));
        String unknown = curl("three.example.com", https);
        assertTrue(unknown.contains("unrecognized name"), unknown);
        String distrusted = curl(ONE, https, "--no-insecure");
        assertTrue(distrusted.contains("certificate"), distrusted);
        Await.until(
                "the failed handshake is counted",
                () -> server.statistics().refusals().get(Refusal.VISITOR_TLS) == 1);
    }

    @Test
    void httpOfTwoServices() throws Exception {
        tunnel(ONE, web("1"));
        tunnel(TWO, web("2"));
        assertEquals("1 " + ONE + ":" + http + " /x?y=z 0#200 ", curl(ONE, http));
        assertEquals("2 " + TWO + ":" + http + " /x?y=z 0#200 ", curl(TWO, http, "--http1.0"));
        assertEquals("2 " + TWO + " /x?y=z 0#200 ", curl(ONE, http, "--header", "Host: " + TWO));
        assertEquals("1 " + ONE + ":" + http + " /x?y=z 0#200 ", curl(ONE, http, "--http2")); // asks for an upgrade
        assertEquals("Not Found\n#404 ", curl("three.example.com", http));
        assertEquals("#404 ", curl("three.example.com", http, "--http2-prior-knowledge"));
        assertEquals("Not Found\n#404 ", curl(ONE, http, "--header", "Host: 127.0.0.1"));
        assertEquals("Bad Request\n#400 ", curl(ONE, http, "--header", "Host: " + ONE + ", " + TWO));
    }

    @Test
    void http2WithPriorKnowledge() throws Exception {
        try (ServerSocket service = new ServerSocket(0, 1, LOOPBACK)) {
            tunnel(ONE, service.getLocalPort());
            Call<String> curl = Call.of(() -> curl(ONE, http, "--http2-prior-knowledge", "--max-time", "60"));
            try (Socket visitor = service.accept()) {
                byte[] preface = visitor.getInputStream().readNBytes(24);
                assertEquals("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", new String(preface, US_ASCII));
            }
            assertTrue(curl.result().endsWith("#000 "), curl.result()); // the service has no HTTP/2
        }
    }

    @Test
    void redirect() throws Exception {
        close();
        open.clear();
        start(options -> options.redirectHttps(true));
        for (String version : List.of("--http1.1", "--http2-prior-knowledge")) {
            String expected = "#308 https://" + ONE + ":" + https + "/x?y=z";
            assertEquals(expected, curl(ONE, http, version), version);
        }
        tunnel(ONE, secureWeb("1"));
        String followed = curl(ONE, http, "--location", "--resolve", ONE + ":" + https + ":127.0.0.1");
        assertEquals("1 " + ONE + ":" + https + " /x?y=z 0#200 ", followed);
    }
}
