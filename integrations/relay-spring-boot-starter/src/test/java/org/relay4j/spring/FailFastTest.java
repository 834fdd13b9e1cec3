package org.relay4j.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.relay4j.spring.WebApplication.get;
import static org.relay4j.spring.WebApplication.publicPort;

import java.io.IOException;
import java.net.http.HttpClient;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;

/** An application that starts without its relay server, because of {@code relay.fail-fast=false}. */
@ExtendWith(LeakCheck.class)
@Tag("slow")
class FailFastTest {
    private int port; // where no relay server listens yet

    @BeforeEach
    void findPort() throws IOException {
        port = FixedPort.free();
    }

    private ConfigurableApplicationContext run() {
        return WebApplication.run(port, "relay.fail-fast=false");
    }

    private static Status health(ConfigurableApplicationContext context) {
        return context.getBean(RelayHealthIndicator.class).health().getStatus();
    }

    @Test
    void applicationStartsAndTheTunnelComesUpLater() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (ConfigurableApplicationContext context = run()) {
            int local = context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            assertEquals("hello", get(client, local, "/hello").body());
            assertEquals(503, get(client, local, "/actuator/health/relay").statusCode());
            assertEquals(Status.DOWN, health(context));
            assertThrows(
                    IllegalStateException.class,
                    () -> context.getBean(Tunnel.class).publicAddress());

            try (RelayServer relay = WebApplication.relay(port)) {
                Await.until("the tunnel is up", () -> health(context).equals(Status.UP));
                assertEquals("hello", get(client, publicPort(context), "/hello").body());
                assertEquals(1, relay.tunnelCount());
            }
        }
    }

    @Test
    void stoppingEndsTheAttempts() {
        WebTunnel tunnel;
        try (ConfigurableApplicationContext context = run()) {
            tunnel = context.getBean(WebTunnel.class);
            assertEquals(Status.DOWN, health(context));
        }
        assertFalse(tunnel.isConnecting());
    }

    @Test
    void closingTheTunnelEndsTheAttempts() throws Exception {
        try (ConfigurableApplicationContext context = run()) {
            WebTunnel tunnel = context.getBean(WebTunnel.class);
            tunnel.close();
            Await.until("nothing is tried", () -> !tunnel.isConnecting());
        }
    }
}
