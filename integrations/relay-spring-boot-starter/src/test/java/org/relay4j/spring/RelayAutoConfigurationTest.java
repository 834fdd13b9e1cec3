package org.relay4j.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.Mockito.mock;

import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.client.ProxyProtocol;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.web.server.context.WebServerApplicationContext;

/** When there is a tunnel and when there is none, and which values are refused. The web environment has no server here. */
@ExtendWith(LeakCheck.class)
class RelayAutoConfigurationTest {
    private static final AutoConfigurations CONFIGURATIONS = AutoConfigurations.of(
            RelayAutoConfiguration.class, RelayHealthAutoConfiguration.class, RelayMetricsAutoConfiguration.class);

    private RelayServer relay;
    private WebApplicationContextRunner bare;
    private WebApplicationContextRunner configured;

    @BeforeEach
    void start() throws IOException {
        relay = WebApplication.relay();
        bare = new WebApplicationContextRunner().withConfiguration(CONFIGURATIONS);
        configured = bare.withPropertyValues("relay.host=localhost", "relay.port=" + relay.port());
    }

    @AfterEach
    void stop() {
        relay.close();
    }

    // ---- conditions

    @Test
    void withoutPropertiesThereIsNothing() {
        bare.run(context -> {
            assertNull(context.getStartupFailure());
            assertEquals(0, context.getBeansOfType(Tunnel.class).size());
            assertFalse(context.containsBean("relayHealthIndicator"));
            assertFalse(context.containsBean("relayMetrics"));
        });
    }

    @Test
    void canBeSwitchedOff() {
        configured.withPropertyValues("relay.enabled=false").run(context -> {
            assertNull(context.getStartupFailure());
            assertEquals(0, context.getBeansOfType(Tunnel.class).size());
            assertFalse(context.containsBean("relayHealthIndicator"));
        });
    }

    @Test
    void applicationWithoutWebGetsNone() {
        new ApplicationContextRunner()
                .withConfiguration(CONFIGURATIONS)
                .withPropertyValues("relay.host=localhost", "relay.port=" + relay.port())
                .run(context -> {
                    assertNull(context.getStartupFailure());
                    assertEquals(0, context.getBeansOfType(Tunnel.class).size());
                });
    }

    @Test
    void applicationWithoutWebServersGetsNone() {
        configured
                .withClassLoader(new FilteredClassLoader(WebServerApplicationContext.class))
                .run(context -> {
                    assertNull(context.getStartupFailure());
                    assertEquals(0, context.getBeansOfType(Tunnel.class).size());
                });
    }

    @Test
    void applicationWithATunnelOfItsOwnGetsNoSecondOne() {
        Tunnel own = mock(Tunnel.class);
        configured.withBean("own", Tunnel.class, () -> own).run(context -> {
            assertSame(own, context.getBean(Tunnel.class));
            assertFalse(context.containsBean("relayHealthIndicator"));
            assertTrue(context.containsBean("relayMetrics"));
        });
    }

    @Test
    void webEnvironmentWithoutAServerHasATunnelThatIsNotOpened() {
        configured.run(context -> {
            assertNull(context.getStartupFailure());
            Tunnel tunnel = context.getBean(Tunnel.class);
            assertFalse(tunnel.isOpen());
            assertEquals("localhost", tunnel.serverAddress().getHostString());
            assertEquals(relay.port(), tunnel.serverAddress().getPort());
            assertThrows(IllegalStateException.class, tunnel::publicAddress);
            assertEquals(0, tunnel.statistics().visitors());
            assertTrue(tunnel.close(Duration.ZERO));
            HealthIndicator health = context.getBean("relayHealthIndicator", HealthIndicator.class);
            assertEquals(Status.UNKNOWN, health.health().getStatus());
            assertEquals(0, relay.tunnelCount());
            Call.run(tunnel::awaitEnd).result();
        });
    }

    @Test
    void withoutActuatorThereIsNoHealth() {
        configured
                .withClassLoader(new FilteredClassLoader(HealthIndicator.class))
                .run(context -> {
                    assertNotNull(context.getBean(Tunnel.class));
                    assertFalse(context.containsBean("relayHealthIndicator"));
                });
    }

    @Test
    void withoutMicrometerThereAreNoMetrics() {
        configured.withClassLoader(new FilteredClassLoader(MeterBinder.class)).run(context -> {
            assertNull(context.getStartupFailure());
            assertNotNull(context.getBean(Tunnel.class));
            assertFalse(context.containsBean("relayMetrics"));
        });
    }

    @Test
    void healthCanBeSwitchedOff() {
        configured.withPropertyValues("management.health.relay.enabled=false").run(context -> {
            assertNotNull(context.getBean(Tunnel.class));
            assertFalse(context.containsBean("relayHealthIndicator"));
        });
    }

    // ---- values

    @Test
    void defaultsAreThoseOfTheLibrary() {
        RelayClientOptions expected = RelayClientOptions.defaults();
        RelayClientOptions actual = new RelayProperties().options().build();
        assertEquals(expected.connectTimeout(), actual.connectTimeout());
        assertEquals(expected.handshakeTimeout(), actual.handshakeTimeout());
        assertEquals(expected.reconnect(), actual.reconnect());
        assertEquals(expected.shortestBackoff(), actual.shortestBackoff());
        assertEquals(expected.longestBackoff(), actual.longestBackoff());
        assertEquals(expected.session().receiveWindow(), actual.session().receiveWindow());
        assertEquals(expected.session().maxReceiveWindow(), actual.session().maxReceiveWindow());
        assertEquals(expected.connections(), actual.connections());
        assertEquals(expected.publicPort(), actual.publicPort());
        assertEquals(expected.visitorAddresses(), actual.visitorAddresses());
    }

    @Test
    void valuesReachTheOptions() {
        configured
                .withPropertyValues("relay.connect-timeout=1s", "relay.handshake-timeout=2s", "relay.close-timeout=3s")
                .withPropertyValues("relay.reconnect=false", "relay.shortest-backoff=4ms", "relay.longest-backoff=5ms")
                .withPropertyValues("relay.window=512KB", "relay.max-window=1MB")
                .withPropertyValues("relay.connections=3", "relay.public-port=4000", "relay.lease-file=some/lease")
                .withPropertyValues("relay.visitor-addresses=true", "relay.proxy-protocol=v2")
                .run(context -> {
                    RelayProperties properties = context.getBean(RelayProperties.class);
                    RelayClientOptions options = properties.options().build();
                    assertEquals(Duration.ofSeconds(1), options.connectTimeout());
                    assertEquals(Duration.ofSeconds(2), options.handshakeTimeout());
                    assertEquals(Duration.ofSeconds(3), properties.checkedCloseTimeout());
                    assertFalse(options.reconnect());
                    assertEquals(Duration.ofMillis(4), options.shortestBackoff());
                    assertEquals(Duration.ofMillis(5), options.longestBackoff());
                    assertEquals(512 * 1024, options.session().receiveWindow());
                    assertEquals(1024 * 1024, options.session().maxReceiveWindow());
                    assertEquals(3, options.connections());
                    assertEquals(4000, options.publicPort());
                    assertEquals(Path.of("some/lease"), options.leaseFile());
                    assertTrue(options.visitorAddresses());
                    assertEquals(ProxyProtocol.V2, options.proxyProtocol());
                });
    }

    @ParameterizedTest
    @CsvSource({
        "tcp:4000, false, 4000, ",
        "tcp:0, false, 0, ",
        "tcp:4000, true, 0, tcp/4000",
        "host:App.Example.com, false, 0, host/app.example.com",
        "host:app.example.com, true, 0, host/app.example.com",
        "host:0, false, 0, host/0"
    })
    void endpointIsAPortOrAName(String endpoint, boolean share, int port, String asked) {
        configured
                .withPropertyValues("relay.endpoint=" + endpoint, "relay.share=" + share)
                .run(context -> {
                    RelayProperties properties = context.getBean(RelayProperties.class);
                    assertEquals(port, properties.options().build().publicPort());
                    assertEquals(
                            asked == null ? null : new WebEndpoint(Endpoint.parse(asked), share),
                            properties.webEndpoint());
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"relay.port=7000", "relay.endpoint=tcp:0", "relay.endpoint=host:0"})
    void sharedEndpointIsNamed(String property) {
        configured.withPropertyValues(property, "relay.share=true").run(context -> {
            InvalidConfigurationPropertyValueException failure = refusal(context.getStartupFailure());
            assertEquals("relay.share", failure.getName());
            assertTrue(failure.getReason().contains("it needs relay.endpoint"), failure.getReason());
        });
    }

    @Test
    void endpointAndPublicPortContradictEachOther() {
        configured
                .withPropertyValues("relay.endpoint=tcp:4000", "relay.public-port=4000")
                .run(context -> {
                    InvalidConfigurationPropertyValueException failure = refusal(context.getStartupFailure());
                    assertEquals("relay.endpoint", failure.getName());
                    assertTrue(failure.getReason().contains("relay.public-port is also set"), failure.getReason());
                });
    }

    @ParameterizedTest
    @CsvSource({
        "relay.host, '', host name",
        "relay.host, ' ', host name",
        "relay.port, 0, 1 to 65535",
        "relay.port, 65536, 1 to 65535",
        "relay.connect-timeout, 0, 1 ms to 1 h",
        "relay.handshake-timeout, 2h, 1 ms to 1 h",
        "relay.shortest-backoff, 0, 1 ms to 1 h",
        "relay.shortest-backoff, 30s, must not be below",
        "relay.longest-backoff, 61m, 1 ms to 1 h",
        "relay.longest-backoff, 100ms, must not be below",
        "relay.close-timeout, -1s, 0 to 1 h",
        "relay.close-timeout, 61m, 0 to 1 h",
        "relay.public-port, 0, 1 to 65535",
        "relay.public-port, 65536, 1 to 65535",
        "relay.endpoint, app.example.com, must begin with tcp/",
        "relay.endpoint, host:192.0.2.1, is not a host name",
        "relay.endpoint, tcp:65536, 0 to 65535",
        "relay.endpoint, udp:53, a web server needs",
        "relay.connections, 0, 1 to 8",
        "relay.connections, 9, 1 to 8",
        "relay.proxy.host, proxy, it must be set if relay.proxy.host is set",
        "relay.name, alice, set relay.key-file or relay.key",
        "relay.tls.pin, sha256:12, 64",
        "relay.tls.ca, missing/ca.pem, missing/ca.pem",
        "relay.tls.certificate, missing/cert.pem, needs relay.tls.key",
        "relay.tls.key, missing/key.pem, needs relay.tls.certificate",
        "relay.window, 262143B, 262144 to 1073741824",
        "relay.window, 1TB, 262144 to 1073741824",
        "relay.max-window, -5000000TB, 0 to 1073741824",
        "relay.max-window, 1073741825B, 0 to 1073741824"
    })
    void valueOutOfItsRangeIsNamed(String name, String value, String reason) {
        configured.withPropertyValues(name + "=" + value).run(context -> {
            InvalidConfigurationPropertyValueException failure = refusal(context.getStartupFailure());
            // The shortest pause is checked first, alone; together with the longest one that is named.
            String expected = value.equals("30s") ? "relay.longest-backoff" : name;
            if (value.equals("proxy")) expected = "relay.proxy.port";
            assertEquals(expected, failure.getName());
            assertTrue(failure.getReason().contains(reason), failure.getReason());
        });
    }

    @Test
    void hostWithoutPortIsRefused() {
        bare.withPropertyValues("relay.host=localhost").run(context -> {
            InvalidConfigurationPropertyValueException failure = refusal(context.getStartupFailure());
            assertEquals("relay.port", failure.getName());
            assertTrue(failure.getReason().contains("must be set"), failure.getReason());
        });
    }

    @ParameterizedTest
    @CsvSource({
        "relay.key-file=missing.key, relay.name=alice, relay.key-file, missing.key",
        "relay.key-file=missing.key, relay.key=AAAA, relay.name, must be set",
        "relay.tls.pin=sha256:12, relay.tls.ca=missing.pem, relay.tls.pin, only one",
        "relay.tls.certificate=missing.pem, relay.tls.key=missing.pem, relay.tls.certificate, missing.pem"
    })
    void valuesThatDoNotFitTogetherAreNamed(String first, String second, String name, String reason) {
        configured.withPropertyValues(first, second).run(context -> {
            InvalidConfigurationPropertyValueException failure = refusal(context.getStartupFailure());
            assertEquals(name, failure.getName());
            assertTrue(failure.getReason().contains(reason), failure.getReason());
        });
    }

    @Test
    void proxyReachesTheOptions() {
        assertNull(new RelayProperties().options().build().proxySelector());
        configured
                .withPropertyValues(
                        "relay.proxy.host=proxy.example.com", "relay.proxy.port=1080", "relay.proxy.type=socks")
                .run(context -> assertEquals(
                        "[SOCKS @ proxy.example.com/<unresolved>:1080]",
                        options(context)
                                .proxySelector()
                                .select(URI.create("https://relay.example.com/"))
                                .toString()));
        configured
                .withPropertyValues("relay.proxy.host=proxy", "relay.proxy.port=1", "relay.proxy.username=alice")
                .withPropertyValues("relay.proxy.password=" + "secret".repeat(100))
                .run(context -> {
                    InvalidConfigurationPropertyValueException failure = refusal(context.getStartupFailure());
                    assertEquals("relay.proxy.username", failure.getName());
                    assertTrue(failure.getReason().contains("the password has 600 bytes"), failure.getReason());
                    assertFalse(failure.toString().contains("secret"), failure.toString());
                });
    }

    @Test
    void twoKeysAreRefused() {
        configured
                .withPropertyValues("relay.name=alice", "relay.key-file=missing.key", "relay.key=AAAA")
                .run(context -> {
                    InvalidConfigurationPropertyValueException failure = refusal(context.getStartupFailure());
                    assertEquals("relay.key-file", failure.getName());
                    assertTrue(failure.getReason().contains("only one"), failure.getReason());
                });
    }

    @Test
    void tlsIsOffByDefaultAndOnWithAnyOfItsProperties() {
        assertNull(new RelayProperties().options().build().tls());
        configured.withPropertyValues("relay.tls.enabled=true").run(RelayAutoConfigurationTest::hasTls);
        configured.withPropertyValues("relay.tls.pin=sha256:" + "0".repeat(64)).run(RelayAutoConfigurationTest::hasTls);
        configured
                .withPropertyValues("relay.tls.enabled=false", "relay.tls.ca=missing.pem")
                .run(context -> assertNull(options(context).tls()));
    }

    private static void hasTls(AssertableWebApplicationContext context) {
        assertNotNull(options(context).tls());
    }

    private static RelayClientOptions options(AssertableWebApplicationContext context) {
        return context.getBean(RelayProperties.class).options().build();
    }

    private static InvalidConfigurationPropertyValueException refusal(Throwable failure) {
        assertNotNull(failure, "the application has started");
        Throwable root = failure;
        while (root.getCause() != null) root = root.getCause();
        return assertInstanceOf(InvalidConfigurationPropertyValueException.class, root);
    }
}
