package org.relay4j.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.server.Refusal;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerListener;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.RelayServerStatistics;
import org.relay4j.server.ServedTunnel;
import org.relay4j.server.ServedVisitor;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** What a Prometheus server would read of a real server and its client: the names of docs/metrics.md, and the numbers of the library. */
@ExtendWith(LeakCheck.class)
class RelayServerMetricsTest {
    private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\| (\\w+) \\| [^|]* ?\\| ([^|]*) \\|.*");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Heard heard = new Heard();
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        server = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .maxTunnelsPerAddress(1)
                .listener(heard)
                .build());
    }

    @AfterEach
    void stop() {
        server.close();
        registry.close();
    }

    @Test
    void namesTypesAndMeaningsAreThoseOfTheAdminAddress() throws IOException {
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port());
                RelayMetrics client = new RelayMetrics(acceptor);
                RelayServerMetrics metrics = new RelayServerMetrics(server)) {
            client.bindTo(registry);
            metrics.bindTo(registry);
            List<String> shown = new ArrayList<>();
            for (String line : registry.scrape().lines().toList()) {
                if (line.startsWith("# HELP ")) shown.add(line.substring("# HELP ".length()));
                if (line.startsWith("# TYPE ")) shown.add(line.substring("# TYPE ".length()));
            }
            List<String> listed = new ArrayList<>();
            for (String line : Files.readAllLines(Path.of(System.getProperty("relay.root"), "docs/metrics.md"))) {
                Matcher row = ROW.matcher(line);
                boolean both = line.startsWith("| `relay_server_") || line.startsWith("| `relay_client_");
                boolean labelled =
                        line.startsWith("| `relay_server_client_") || line.startsWith("| `relay_client_service_");
                if (!both || labelled) continue;
                assertTrue(row.matches(), line);
                listed.add(row.group(1) + " " + row.group(3));
                listed.add(row.group(1) + " " + row.group(2));
            }
            shown.sort(null);
            listed.sort(null);
            assertEquals(listed, shown);
        }
    }

    @Test
    void numbersAreThoseOfTheLibraryAndOfTheListener() throws IOException {
        try (RelayServerMetrics metrics = new RelayServerMetrics(server)) {
            metrics.bindTo(registry);
            try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port());
                    Socket visitor = Visitor.connect(acceptor.getLocalPort());
                    Socket accepted = acceptor.accept()) {
                Visitor.send(visitor, "hello");
                Visitor.expect(accepted, "hello");
                Visitor.send(accepted, "goodbye");
                Visitor.expect(visitor, "goodbye");
                refuseOne();
                Await.until("the tunnel is up", () -> server.statistics().openTunnels() == 1);
                Map<String, Double> shown = samples();
                assertEquals(1, shown.get("relay_server_tunnels_open{state=\"served\"}"));
                assertEquals(0, shown.get("relay_server_tunnels_open{state=\"held\"}"));
                assertEquals(1, shown.get("relay_server_connections_open"));
                assertEquals(1, shown.get("relay_server_visitors_open"));
                assertEquals(1000, shown.get("relay_server_tunnels_limit"));
                assertEquals(50_000, shown.get("relay_server_visitors_limit"));
            }
            Await.until("all have left", () -> server.tunnelCount() == 0 && server.visitorCount() == 0);
            RelayServerStatistics now = server.statistics();
            Map<String, Double> shown = samples();
            assertEquals(1, now.tunnels());
            assertEquals((double) now.tunnels(), shown.get("relay_server_tunnels_total"));
            assertEquals((double) now.visitors(), shown.get("relay_server_visitors_total"));
            assertEquals(5, now.bytesIn());
            assertEquals((double) now.bytesIn(), shown.get("relay_server_bytes_total{direction=\"in\"}"));
            assertEquals(7, now.bytesOut());
            assertEquals((double) now.bytesOut(), shown.get("relay_server_bytes_total{direction=\"out\"}"));
            assertEquals(1, now.refusals().get(Refusal.TUNNELS_OF_ADDRESS));
            for (Refusal reason : Refusal.values()) {
                String name =
                        "relay_server_refusals_total{reason=\"" + reason.name().toLowerCase(Locale.ROOT) + "\"}";
                assertEquals(now.refusals().get(reason).doubleValue(), shown.get(name), name);
            }
            Await.until(heard::toString, () -> heard.closed.get() == now.visitors());
            Await.until(heard::toString, () -> heard.refused.get() == 1);
            assertEquals(now.tunnels(), heard.up.get());
            assertEquals(now.visitors(), heard.accepted.get());
            assertEquals(now.bytesIn(), heard.bytesIn.get());
            assertEquals(now.bytesOut(), heard.bytesOut.get());
            assertEquals((double) now.droppedEvents(), shown.get("relay_server_events_dropped_total"));
        }
        assertTrue(samples().isEmpty(), registry::scrape);
    }

    /** A second tunnel of this address is more than the limit. */
    private void refuseOne() throws IOException {
        try (Socket second = new Socket()) {
            second.connect(new InetSocketAddress(server.address().getAddress(), server.port()));
            second.setSoTimeout((int) Await.DEADLINE.toMillis());
            second.getInputStream().readAllBytes();
        }
    }

    private Map<String, Double> samples() {
        Map<String, Double> samples = new TreeMap<>();
        for (String line : registry.scrape().lines().toList()) {
            int space = line.lastIndexOf(' ');
            if (!line.startsWith("#")) samples.put(line.substring(0, space), Double.valueOf(line.substring(space + 1)));
        }
        return samples;
    }

    private static final class Heard implements RelayServerListener {
        final AtomicLong up = new AtomicLong();
        final AtomicLong accepted = new AtomicLong();
        final AtomicLong closed = new AtomicLong();
        final AtomicLong refused = new AtomicLong();
        final AtomicLong bytesIn = new AtomicLong();
        final AtomicLong bytesOut = new AtomicLong();

        @Override
        public void tunnelUp(RelayServer from, ServedTunnel tunnel) {
            up.incrementAndGet();
        }

        @Override
        public void visitorAccepted(RelayServer from, ServedTunnel tunnel, ServedVisitor visitor) {
            accepted.incrementAndGet();
        }

        @Override
        public void visitorClosed(
                RelayServer from, ServedTunnel tunnel, ServedVisitor visitor, @Nullable Throwable cause) {
            bytesIn.addAndGet(visitor.bytesIn());
            bytesOut.addAndGet(visitor.bytesOut());
            closed.incrementAndGet();
        }

        @Override
        public void refused(RelayServer from, Refusal reason, InetSocketAddress client) {
            refused.incrementAndGet();
        }

        @Override
        public String toString() {
            return "up " + up + ", accepted " + accepted + ", closed " + closed + ", refused " + refused;
        }
    }
}
