package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.client.RelayClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.LeakCheck;

/** The tables of docs/metrics.md list each metric of the admin address, and no others. Other pages name no others, too. */
@ExtendWith(LeakCheck.class)
class MetricsPageTest {
    private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\| (\\w+) \\| ([^|]*) ?\\| ([^|]*) \\|.*");

    private static final Pattern NAME = Pattern.compile("`(relay_\\w*[a-z])`");

    private static final AdminProcess RUNNING = new AdminProcess() {
        @Override
        public boolean isDraining() {
            return false;
        }

        @Override
        public void drain() {}
    };

    private final Metrics metrics = new Metrics(RUNNING, new Gatekeeper(null, new Attempts(System::nanoTime)));

    /** A metric as the page has it. */
    private record Row(String type, Set<String> labels, String meaning) {}

    @Test
    void metricsOfServerAndForwarder() throws IOException {
        Map<String, Row> listed = listed();
        Map<String, MetricSnapshot> shown = new TreeMap<>();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions options =
                RelayServerOptions.builder().bindAddress(loopback).build();
        try (RelayServer server = RelayServer.start(options);
                Tunnel forwarder = RelayClient.forward(
                        loopback.getHostAddress(), server.port(), InetSocketAddress.createUnresolved("localhost", 9))) {
            for (AdminSource source : List.of(
                    new ServerSource(server),
                    new ForwarderSource(forwarder, null, InetSocketAddress.createUnresolved("localhost", 9)),
                    new ForwarderSource(
                            forwarder,
                            null,
                            () -> List.of(
                                    new ForwardedService("web", "localhost:9", Endpoint.anyPort(), forwarder))))) {
                metrics.snapshots(source).forEach(each -> shown.put(name(each), each));
            }
        }
        Families ofCluster = new Families();
        ClusterMetrics.collect(ClusterJsonTest.view(), ofCluster);
        ofCluster.all().forEach(each -> shown.put(name(each), each));
        assertEquals(200, metrics.respond(null, null).status());
        assertEquals(new ArrayList<>(listed.keySet()), new ArrayList<>(shown.keySet()));
        shown.forEach((name, snapshot) -> assertRow(listed.get(name), name, snapshot));
    }

    @Test
    void otherPagesNameNoOtherMetrics() throws IOException {
        Set<String> listed = listed().keySet();
        List<String> unknown = new ArrayList<>();
        int names = 0;
        try (Stream<Path> pages = Files.list(Path.of(System.getProperty("relay.root"), "docs"))) {
            for (Path page : pages.sorted().toList()) {
                if (!page.toString().endsWith(".md")) continue;
                for (Matcher name = NAME.matcher(Files.readString(page)); name.find(); names++) {
                    if (!listed.contains(name.group(1))) unknown.add(page.getFileName() + ": " + name.group(1));
                }
            }
        }
        assertEquals(List.of(), unknown);
        assertTrue(names > listed.size(), "found only " + names);
    }

    private static void assertRow(Row row, String name, MetricSnapshot snapshot) {
        assertEquals(type(snapshot), row.type(), name);
        if (name.startsWith("relay_")) assertEquals(snapshot.getMetadata().getHelp(), row.meaning(), name);
        for (DataPointSnapshot point : snapshot.getDataPoints()) {
            Set<String> labels = new TreeSet<>();
            for (int i = 0; i < point.getLabels().size(); i++)
                labels.add(point.getLabels().getName(i));
            assertEquals(row.labels(), labels, name);
        }
    }

    private static Map<String, Row> listed() throws IOException {
        Map<String, Row> listed = new TreeMap<>();
        for (String line : Files.readAllLines(Path.of(System.getProperty("relay.root"), "docs/metrics.md"))) {
            if (!line.startsWith("| `")) continue;
            Matcher row = ROW.matcher(line);
            assertTrue(row.matches(), line);
            Set<String> labels = new TreeSet<>();
            for (String label : row.group(3).split(",", -1)) {
                if (!label.isBlank()) labels.add(label.strip().replace("`", ""));
            }
            listed.put(row.group(1), new Row(row.group(2), labels, row.group(4)));
        }
        return listed;
    }

    private static String name(MetricSnapshot snapshot) {
        String name = snapshot.getMetadata().getName();
        if (snapshot instanceof CounterSnapshot) return name + "_total";
        return snapshot instanceof InfoSnapshot ? name + "_info" : name;
    }

    private static String type(MetricSnapshot snapshot) {
        if (snapshot instanceof CounterSnapshot) return "counter";
        if (snapshot instanceof InfoSnapshot) return "info";
        return snapshot instanceof GaugeSnapshot ? "gauge" : "summary";
    }

    /** A name that a client has proved is shown as it is; the format escapes what it must. */
    @Test
    void labelsOfClientsAreEscaped() {
        Families families = new Families()
                .counter(
                        "relay_test",
                        "A \"test\"\\.",
                        List.of(Families.Sample.of(Labels.of("client", "a\"b\\c\nd"), 1)));
        AdminSource source = new AdminSource() {
            @Override
            public boolean isAlive() {
                return true;
            }

            @Override
            public String tunnels(boolean draining) {
                return "{}";
            }

            @Override
            public void collect(Families into) {
                into.all().addAll(families.all());
            }
        };
        String text = new String(metrics.respond(null, source).body(), StandardCharsets.UTF_8);
        assertTrue(text.contains("\nrelay_test_total{client=\"a\\\"b\\\\c\\nd\"} 1.0\n"), text);
    }
}
