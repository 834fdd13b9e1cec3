package org.relay4j.cli;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.ClientTls;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.ServerTls;
import org.relay4j.yamux.io.Sockets;

/**
 * The command {@code relay demo}: a service, a relay server, a forwarder and a visitor in one process. They use sockets as
 * they would on four machines, but on the loopback address only, so that a demo opens nothing to the network.
 */
final class Demo {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String PAGE = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>Relay demo</title>
            <style>body { font: 1.2em/1.5 sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em }</style>
            <h1>Hello through the tunnel</h1>
            <p>This page comes from an ordinary web server on a loopback port. Your browser connected to a public port of
            the relay server. The server sent the bytes through a connection that the forwarder had opened from the
            inside, encrypted by TLS. Each visitor is a yamux stream on that connection. The relay server has been restarted
            since the forwarder got this port.</p>
            </html>
            """;

    private final InetAddress loopback = InetAddress.getLoopbackAddress();
    private final AtomicInteger visits = new AtomicInteger();
    private final Output output;
    private final Shutdown shutdown;
    private volatile @Nullable RelayServer server; // the running one

    Demo(Output output, Shutdown shutdown) {
        this.output = output;
        this.shutdown = shutdown;
    }

    /** Runs until the process is terminated or, if {@code once}, until the visitor has the page. */
    void run(boolean once) throws IOException, InterruptedException {
        boolean shown = false;
        try {
            String url = show();
            shown = true;
            output.url(url);
        } finally {
            if (!shown || once) shutdown.closeAll();
        }
        if (once) return;
        output.remark("Press Ctrl-C to stop.");
        new CountDownLatch(1).await();
    }

    /** Returns the address of the page. */
    private String show() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("relay-demo"); // readable by its owner only
        shutdown.closes(() -> delete(folder)); // last
        HttpServer web = startWebServer();
        int webPort = web.getAddress().getPort();
        output.step(
                1,
                "A web server with one page listens on " + at(webPort)
                        + ". It stands in for your program behind NAT, which cannot be reached from outside.");

        ServerTls tls = makeCertificate(folder);
        String pin = String.valueOf(tls.fingerprint());
        shutdown.closes(this::closeServer);
        RelayServer first = start(tls, folder, 0);
        output.step(
                2,
                "A relay server with a new certificate listens on " + at(first.port())
                        + ". On a machine with a public address, run: relay keygen, then:"
                        + " relay --tls-cert=relay-cert.pem --tls-key=relay-key.pem --state-file=relay.state 7000");

        RelayForwarder forwarder = shutdown.closes(RelayClient.forward(
                loopback.getHostAddress(),
                first.port(),
                new InetSocketAddress(loopback, webPort),
                RelayClientOptions.builder().tls(ClientTls.pinned(pin)).build()));
        int publicPort = forwarder.publicAddress().getPort();
        output.step(
                3,
                "A forwarder connected to the relay server through TLS, verified the fingerprint of its certificate, and got"
                        + " the public port " + publicPort + ". Behind NAT, run: relay --tls-pin=" + pin
                        + " --localForwardPort=" + webPort + " <host>:7000");

        String url = "http://" + at(publicPort) + "/";
        output.step(4, "A visitor asked for " + url + ": " + visit(url));

        first.close();
        start(tls, folder, first.port());
        output.step(
                5,
                "The relay server was stopped and started again. Its state file keeps the lease of the forwarder, which comes"
                        + " back to the same public port; visitors wait meanwhile.");
        output.step(6, "The visitor asked again for " + url + ": " + visit(url));
        return url;
    }

    private static ServerTls makeCertificate(Path folder) throws IOException {
        NewFiles files = new NewFiles(new Value("the demo's folder", folder.toString()));
        CertificateFiles certificate =
                CertificateFiles.claim(files, KeygenCommand.CERTIFICATE_FILE, KeygenCommand.KEY_FILE);
        certificate.write(Keytool.forHosts(List.of("localhost")));
        return ServerTls.ofFiles(certificate.certificate(), certificate.key());
    }

    private RelayServer start(ServerTls tls, Path folder, int port) throws IOException {
        RelayServer started = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .port(port)
                .tls(tls)
                .stateFile(folder.resolve("relay.state"))
                .build());
        server = started;
        return started;
    }

    private void closeServer() {
        RelayServer running = server;
        if (running != null) running.close();
    }

    private static void delete(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.toList();
        }
        for (Path file : files) Files.delete(file);
        Files.delete(folder);
    }

    private HttpServer startWebServer() throws IOException {
        byte[] page = PAGE.getBytes(StandardCharsets.UTF_8);
        HttpServer web = HttpServer.create(new InetSocketAddress(loopback, 0), 0);
        web.createContext("/", exchange -> {
            try (exchange) {
                visits.incrementAndGet();
                exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
                exchange.sendResponseHeaders(200, page.length);
                exchange.getResponseBody().write(page);
            }
        });
        web.start();
        shutdown.closes(() -> web.stop(0));
        return web;
    }

    /** Visits the page; returns a description of the visit. */
    private String visit(String url) throws IOException, InterruptedException {
        HttpClient visitor = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(PATIENCE)
                .build();
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE).build();
        long start = System.nanoTime();
        HttpResponse<String> response = visitor.send(request, HttpResponse.BodyHandlers.ofString());
        long millis = (System.nanoTime() - start) / 1_000_000;
        if (response.statusCode() != 200 || !response.body().equals(PAGE) || visits.get() == 0) {
            throw new CommandFailure(
                    ExitCode.FAILURE, "the demo's visitor got a wrong response, status " + response.statusCode(), null);
        }
        return "status 200, " + PAGE.length() + " bytes in " + millis + " ms.";
    }

    private String at(int port) {
        return Sockets.text(loopback.getHostAddress(), port);
    }
}
