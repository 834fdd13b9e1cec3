package consumer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.micrometer.RelayMetrics;
import org.relay4j.server.RelayServer;

/** A tunnel's metrics in a registry. */
public final class Metrics {
    private Metrics() {}

    public static void main(String[] args) throws Exception {
        try (RelayServer relay = RelayServer.start(0);
                RelayAcceptor acceptor = RelayClient.connect("localhost", relay.port())) {
            MeterRegistry registry = new SimpleMeterRegistry();
            new RelayMetrics(acceptor).bindTo(registry);
            double up = registry.get("relay.client.tunnel.up").gauge().value();
            if (up != 1) {
                throw new AssertionError("relay.client.tunnel.up is " + up);
            }
            System.out.println("micrometer: hello");
        }
    }
}
