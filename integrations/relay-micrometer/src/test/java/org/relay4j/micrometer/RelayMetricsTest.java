package org.relay4j.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** What a Prometheus server would read of a real tunnel. */
@ExtendWith(LeakCheck.class)
class RelayMetricsTest {
    private static final RelayClientOptions OPTIONS = RelayClientOptions.builder()
            .backoff(Duration.ofMillis(10), Duration.ofMillis(100))
            .build();

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private RelayServer relay;

    @BeforeEach
    void start() throws IOException {
        relay = relay(FixedPort.free());
    }

    @AfterEach
    void stop() {
        relay.close();
        registry.close();
    }

    private static RelayServer relay(int port) throws IOException {
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .port(port)
                .build());
    }

    /** The value of a sample, by its name and tags as Prometheus writes them; empty when there is no such line. */
    private OptionalDouble sample(String name) {
        return registry.scrape()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst();
    }

    private void awaitSample(String name, double value) {
        Await.until(
                () -> name + " is " + value + " in\n" + registry.scrape(),
                () -> sample(name).equals(OptionalDouble.of(value)));
    }

    @Test
    void visitorsAndTheirBytesAreCounted() throws IOException {
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", relay.port(), OPTIONS);
                RelayMetrics metrics = new RelayMetrics(acceptor)) {
            metrics.bindTo(registry);
            awaitSample("relay_client_tunnel_up", 1);
            awaitSample("relay_client_visitors_total", 0);
            try (Socket visitor = Visitor.connect(acceptor.getLocalPort());
                    Socket accepted = acceptor.accept()) {
                awaitSample("relay_client_visitors_open", 1);
                Visitor.send(visitor, "hello");
                Visitor.expect(accepted, "hello");
                Visitor.send(accepted, "goodbye");
                Visitor.expect(visitor, "goodbye");
            }
            awaitSample("relay_client_visitors_open", 0);
            awaitSample("relay_client_visitors_total", 1);
            awaitSample("relay_client_bytes_total{direction=\"in\"}", 5);
            awaitSample("relay_client_bytes_total{direction=\"out\"}", 7);
            awaitSample("relay_client_events_dropped_total", 0);
        }
    }

    @Test
    void lossAndReturnAreSeen() throws IOException {
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", relay.port(), OPTIONS);
                RelayMetrics metrics = new RelayMetrics(acceptor)) {
            metrics.bindTo(registry);
            awaitSample("relay_client_reconnects_total", 0);
            int port = relay.port();
            relay.close();
            awaitSample("relay_client_tunnel_up", 0);
            relay = relay(port);
            awaitSample("relay_client_tunnel_up", 1);
            awaitSample("relay_client_reconnects_total", 1);
        }
        awaitGone("relay_client_tunnel_up");
    }

    @Test
    void roundTripIsInSeconds() throws IOException {
        // A forwarder measures it at once.
        try (Tunnel forwarder = RelayClient.forward(
                        "localhost", relay.port(), InetSocketAddress.createUnresolved("localhost", 9), OPTIONS);
                RelayMetrics metrics = new RelayMetrics(forwarder)) {
            metrics.bindTo(registry);
            Await.until("it is measured", () -> forwarder.statistics().roundTrip() != null);
            double seconds = sample("relay_client_round_trip_seconds").orElseThrow();
            assertEquals(forwarder.statistics().roundTrip().toNanos() / 1e9, seconds, 1e-9);
        }
    }

    @Test
    void roundTripThatIsNotKnownIsNoNumber() {
        new RelayMetrics(new Figures(new TunnelStatistics(0, 0, 0, 0, 0, null, 0))).bindTo(registry);
        assertTrue(Double.isNaN(sample("relay_client_round_trip_seconds").orElseThrow()), registry::scrape);
    }

    @Test
    void eachFigureHasItsMeter() {
        Tunnel figures = new Figures(new TunnelStatistics(1, 2, 3, 4, 5, Duration.ofMillis(6), 7));
        new RelayMetrics(figures).bindTo(registry);
        assertEquals(0, sample("relay_client_tunnel_up").orElseThrow());
        assertEquals(1, sample("relay_client_visitors_total").orElseThrow());
        assertEquals(2, sample("relay_client_visitors_open").orElseThrow());
        assertEquals(3, sample("relay_client_bytes_total{direction=\"in\"}").orElseThrow());
        assertEquals(4, sample("relay_client_bytes_total{direction=\"out\"}").orElseThrow());
        assertEquals(5, sample("relay_client_reconnects_total").orElseThrow());
        assertEquals(0.006, sample("relay_client_round_trip_seconds").orElseThrow());
        assertEquals(7, sample("relay_client_events_dropped_total").orElseThrow());
    }

    @Test
    void tagsKeepTunnelsApart() {
        Tunnel one = new Figures(new TunnelStatistics(1, 0, 0, 0, 0, null, 0));
        Tunnel other = new Figures(new TunnelStatistics(2, 0, 0, 0, 0, null, 0));
        new RelayMetrics(one, Tags.of("tunnel", "one")).bindTo(registry);
        new RelayMetrics(other, Tags.of("tunnel", "other")).bindTo(registry);
        assertEquals(1, sample("relay_client_visitors_total{tunnel=\"one\"}").orElseThrow());
        assertEquals(2, sample("relay_client_visitors_total{tunnel=\"other\"}").orElseThrow());
    }

    @Test
    void closeTakesTheMetersOutOfEveryRegistry() {
        MeterRegistry second = new SimpleMeterRegistry();
        RelayMetrics metrics = new RelayMetrics(new Figures(new TunnelStatistics(0, 0, 0, 0, 0, null, 0)));
        metrics.bindTo(registry);
        metrics.bindTo(second);
        assertEquals(8, registry.getMeters().size());
        assertEquals(8, second.getMeters().size());
        metrics.close();
        metrics.bindTo(second);
        assertEquals(List.<Meter>of(), registry.getMeters());
        assertEquals(List.<Meter>of(), second.getMeters());
        // The names are free again.
        new RelayMetrics(new Figures(new TunnelStatistics(3, 0, 0, 0, 0, null, 0))).bindTo(registry);
        assertEquals(3, sample("relay_client_visitors_total").orElseThrow());
    }

    @Test
    void registryDoesNotKeepTheTunnel() {
        WeakReference<Tunnel> tunnel = bound();
        Await.until("the tunnel is collected", () -> {
            System.gc();
            return tunnel.get() == null;
        });
        assertFalse(registry.getMeters().isEmpty());
    }

    private WeakReference<Tunnel> bound() {
        Tunnel tunnel = new Figures(new TunnelStatistics(0, 0, 0, 0, 0, null, 0));
        new RelayMetrics(tunnel).bindTo(registry);
        assertEquals(0, sample("relay_client_visitors_total").orElseThrow());
        return new WeakReference<>(tunnel);
    }

    private void awaitGone(String name) {
        Await.until(
                () -> name + " is gone from\n" + registry.scrape(),
                () -> sample(name).isEmpty());
    }

    /** A closed tunnel with given figures. */
    private static final class Figures implements Tunnel {
        private final TunnelStatistics statistics;

        Figures(TunnelStatistics statistics) {
            this.statistics = statistics;
        }

        @Override
        public InetSocketAddress publicAddress() {
            return InetSocketAddress.createUnresolved("localhost", 1);
        }

        @Override
        public InetSocketAddress serverAddress() {
            return InetSocketAddress.createUnresolved("localhost", 1);
        }

        @Override
        public boolean isOpen() {
            return false;
        }

        @Override
        public TunnelStatistics statistics() {
            return statistics;
        }

        @Override
        public void close() {}

        @Override
        public boolean close(Duration timeout) {
            return true;
        }

        @Override
        public void awaitEnd() {}
    }
}
