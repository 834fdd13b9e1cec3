package org.relay4j.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.spring.WebApplication.get;
import static org.relay4j.spring.WebApplication.publicPort;
import static org.relay4j.spring.WebApplication.run;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Real web servers with a real relay server: requests, and graceful shutdown. */
@ExtendWith(LeakCheck.class)
@Tag("slow")
class WebServerTest {
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private RelayServer relay;

    @BeforeEach
    void start() throws IOException {
        relay = WebApplication.relay();
    }

    @AfterEach
    void stop() {
        relay.close();
    }

    @ParameterizedTest
    @EnumSource(
            value = WebApplicationType.class,
            names = {"SERVLET", "REACTIVE"})
    void isReachedThroughThePublicPort(WebApplicationType type) throws Exception {
        try (ConfigurableApplicationContext context = run(type, relay.port())) {
            assertEquals("hello", get(client, publicPort(context), "/hello").body());
        }
        Await.until("no tunnel is left", () -> relay.tunnelCount() == 0);
    }

    @Test
    @DisabledOnOs(value = OS.MAC, disabledReason = "has no 127.0.0.2")
    void isReachedAtTheAddressItIsBoundTo() throws Exception {
        try (ConfigurableApplicationContext context = run(relay.port(), "server.address=127.0.0.2")) {
            assertEquals("hello", get(client, publicPort(context), "/hello").body());
        }
    }

    @Test
    void managementPortIsNotExposed() throws Exception {
        try (ConfigurableApplicationContext context = run(relay.port(), "management.server.port=0")) {
            int management = context.getEnvironment().getRequiredProperty("local.management.port", Integer.class);
            assertEquals(200, get(client, management, "/actuator/health/relay").statusCode());
            assertEquals(
                    404,
                    get(client, publicPort(context), "/actuator/health/relay").statusCode());
            assertEquals("hello", get(client, publicPort(context), "/hello").body());
            assertEquals(1, relay.tunnelCount());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WebApplicationType.class,
            names = {"SERVLET", "REACTIVE"})
    void requestsUnderWayFinishAndIdleConnectionsHoldNothingUp(WebApplicationType type) throws Exception {
        // So long that the test would fail if anything waited for these times.
        ConfigurableApplicationContext context =
                run(type, relay.port(), "relay.close-timeout=1h", "spring.lifecycle.timeout-per-shutdown-phase=1h");
        WebApplication application = context.getBean(WebApplication.class);
        int port = publicPort(context);
        get(client, port, "/hello");
        Call<String> late =
                Call.of(() -> get(HttpClient.newHttpClient(), port, "/late").body());
        Await.until("the request is there", application.asked);
        Call<Void> closing = Call.run(context::close);
        Visitor.awaitRefused(port);
        application.released.countDown();
        assertEquals("late reply", late.result());
        closing.result();
        assertFalse(context.isActive());
        assertEquals(0, relay.tunnelCount());
    }

    @Test
    void requestsThatDoNotFinishInTimeAreReset() throws Exception {
        ConfigurableApplicationContext context =
                run(relay.port(), "relay.close-timeout=50ms", "spring.lifecycle.timeout-per-shutdown-phase=1h");
        WebApplication application = context.getBean(WebApplication.class);
        int port = publicPort(context);
        try (Socket late = Visitor.connect(port)) {
            Visitor.send(late, "GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Await.until("the request is there", application.asked);
            Call<Void> closing = Call.run(context::close);
            Visitor.expectReset(late);
            application.released.countDown(); // the web server waits for it
            closing.result();
        }
    }

    @Test
    void applicationThatIsStoppedAndStartedAgainIsReachedAgain() throws Exception {
        try (ConfigurableApplicationContext context = run(relay.port())) {
            Tunnel tunnel = context.getBean(Tunnel.class);
            get(HttpClient.newHttpClient(), publicPort(context), "/hello");
            context.stop();
            assertFalse(tunnel.isOpen());
            Await.until("no tunnel is left", () -> relay.tunnelCount() == 0);
            context.start();
            assertTrue(tunnel.isOpen());
            assertEquals(1, tunnel.statistics().visitors());
            assertEquals("hello", get(client, publicPort(context), "/hello").body());
            assertEquals(2, tunnel.statistics().visitors());
        }
    }

    @Test
    void tunnelThatTheApplicationClosedStaysClosed() throws Exception {
        try (ConfigurableApplicationContext context = run(relay.port())) {
            Tunnel tunnel = context.getBean(Tunnel.class);
            int port = publicPort(context);
            tunnel.close();
            assertFalse(tunnel.isOpen());
            Await.until("no tunnel is left", () -> relay.tunnelCount() == 0);
            Visitor.awaitRefused(port);
            int local = context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            assertEquals("hello", get(client, local, "/hello").body());
        }
    }

    @Test
    void applicationThatFailsAfterTheTunnelWasOpenedLeavesNone() {
        assertThrows(
                IllegalStateException.class,
                () -> new SpringApplicationBuilder(WebApplication.class, FailsAtLast.class)
                        .properties("relay.host=localhost", "relay.port=" + relay.port(), "server.port=0")
                        .run());
        Await.until("no tunnel is left", () -> relay.tunnelCount() == 0);
    }

    /** Starts after everything else, or rather does not. */
    static final class FailsAtLast implements CommandLineRunner {
        @Override
        public void run(String... arguments) {
            throw new IllegalStateException("on purpose");
        }
    }
}
