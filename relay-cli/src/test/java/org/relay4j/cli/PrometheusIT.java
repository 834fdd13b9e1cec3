package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/** The metrics of a real server and forwarder, and what deploy/ makes of them, in the hands of a real Prometheus. */
@Tag("peers")
class PrometheusIT {
    private static final String EMPTY = "\"result\":[]";

    /** Expressions of the dashboard that have no result while all is well. */
    private static final List<String> QUIET = List.of("> 0");

    @TempDir
    private Path folder;

    @Test
    void rulesPassTheirTests() throws Exception {
        promtool("check", "rules", Expressions.RULES.toString());
        promtool("test", "rules", Expressions.RULES_TEST.toString());
    }

    @Test
    void prometheusReadsServerAndForwarder() throws Exception {
        makeClient();
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay(
                        "--bind=127.0.0.1",
                        "--public-bind=127.0.0.1",
                        "--clients=" + folder.resolve("clients.toml"),
                        "--require-name",
                        "--tls-cert=" + folder.resolve("relay-cert.pem"),
                        "--tls-key=" + folder.resolve("relay-key.pem"),
                        "--admin=127.0.0.1:0",
                        "0")) {
            int control = RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = forwarder(control, "--localForwardPort=" + echo.port())) {
                Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 10_000);
                AdminAddress ofServer = AdminAddress.of(server);
                AdminAddress ofForwarder = AdminAddress.of(forwarder);
                for (AdminAddress each : List.of(ofServer, ofForwarder))
                    checkMetrics(each.get("/metrics").body());
                String text = ofServer.get("/metrics").body();
                assertTrue(
                        text.contains("relay_server_client_bytes_total{client=\"web\",direction=\"in\"} 10000.0\n"),
                        text);
                assertTrue(text.contains("relay_server_tunnels_open{state=\"served\"} 1.0\n"), text);
                try (ChildProcess services = forwarder(control, "--forward=echo=" + echo.port())) {
                    services.line();
                    assertPrometheusReads(ofServer, ofForwarder, AdminAddress.of(services));
                }
            }
        }
    }

    private ChildProcess forwarder(int control, String forward) throws Exception {
        return ChildProcess.relay(
                "--name=web",
                "--key-file=" + folder.resolve("web.key"),
                "--tls-ca=" + folder.resolve("relay-cert.pem"),
                forward,
                "--admin=127.0.0.1:0",
                "localhost:" + control);
    }

    private void makeClient() throws Exception {
        ChildProcess.makeCertificate(folder);
        try (ChildProcess keygen = ChildProcess.relay("keygen", "--client=web", "--out=" + folder)) {
            Files.write(folder.resolve("clients.toml"), keygen.remainingLines());
        }
    }

    /** Prometheus' own check of names, types, units and help texts. */
    private void checkMetrics(String text) throws Exception {
        Path file = Files.writeString(folder.resolve("metrics.txt"), text);
        ProcessBuilder check = ChildProcess.builder("promtool", "check", "metrics");
        try (ChildProcess promtool = ChildProcess.start(check.redirectInput(file.toFile()))) {
            assertEquals(0, promtool.awaitExit(), promtool::toString);
            assertEquals("", promtool.errors(), text);
        }
    }

    private void assertPrometheusReads(AdminAddress... targets) throws Exception {
        Path configuration = folder.resolve("prometheus.yml");
        String addresses = Stream.of(targets).map(AdminAddress::target).collect(Collectors.joining("\", \""));
        Files.writeString(
                configuration,
                "global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: [\"" + Expressions.RULES
                        + "\"]\nscrape_configs:\n  - job_name: relay\n    static_configs:\n      - targets: [\""
                        + addresses + "\"]\n");
        AdminAddress prometheus = new AdminAddress("http://127.0.0.1:" + FixedPort.free());
        try (ChildProcess process = ChildProcess.start(
                "prometheus",
                "--config.file=" + configuration,
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=" + prometheus.target())) {
            process.errorLine("Server is ready to receive web requests");
            for (String expression : Expressions.ofDashboard()) {
                // Only a node of a cluster has the metrics of one.
                boolean quiet =
                        expression.contains("relay_cluster_") || QUIET.stream().anyMatch(expression::endsWith);
                Await.until(() -> "a result for " + expression + ", there is " + query(prometheus, expression), () -> {
                    String answer = query(prometheus, expression);
                    return answer.contains("\"status\":\"success\"") && (quiet || !answer.contains(EMPTY));
                });
            }
            String rules = prometheus.get("/api/v1/rules").body();
            assertTrue(!rules.contains("\"health\":\"err\""), rules);
            String alerts = prometheus.get("/api/v1/alerts").body();
            assertTrue(alerts.contains("\"alerts\":[]"), alerts);
        }
    }

    private static String query(AdminAddress prometheus, String expression) {
        try {
            return prometheus
                    .get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
                    .body();
        } catch (Exception e) {
            throw new AssertionError(expression, e);
        }
    }

    private static void promtool(String... arguments) throws InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = "promtool";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try (ChildProcess promtool = ChildProcess.start(command)) {
            assertEquals(0, promtool.awaitExit(), promtool::toString);
        }
    }
}
