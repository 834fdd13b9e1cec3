package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;

/** Which host names and endpoints a client may have. */
class HostPatternTest {
    @Test
    void nameMatchesItselfOnly() {
        HostPattern pattern = HostPattern.of("App.Example.com.");
        assertTrue(pattern.matches("app.example.com"));
        assertFalse(pattern.matches("x.app.example.com"));
        assertFalse(pattern.matches("example.com"));
        assertFalse(pattern.matches("app.example.com.evil.org"));
    }

    @Test
    void wildcardIsExactlyOneLabel() {
        HostPattern pattern = HostPattern.of("*.example.com");
        assertEquals("*.example.com", pattern.toString());
        assertTrue(pattern.matches("app.example.com"));
        assertFalse(pattern.matches("example.com"));
        assertFalse(pattern.matches("a.b.example.com"));
        assertFalse(pattern.matches("xexample.com"));
        assertFalse(pattern.matches(".example.com"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "*.",
                "a.*.example.com",
                "*app.example.com",
                "**.example.com",
                "*.*.example.com",
                "192.0.2.1",
                "app.example.com:443",
                "https://app.example.com",
                "*.[::1]",
                "app..example.com",
                "app_1.example.com"
            })
    void anythingElseIsNoPattern(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> HostPattern.of(text))
                .getMessage();
        assertTrue(String.valueOf(message)
                .startsWith("'" + text + "' is not a host name; it must be like app.example.com"));
    }

    @Test
    void limitsAllowTheirEndpointsOnly() {
        ClientLimits none = ClientLimits.defaults();
        assertTrue(none.allows(Endpoint.anyPort()));
        for (Endpoint each : new Endpoint[] {
            Endpoint.port(1),
            Endpoint.udpPort(1),
            Endpoint.anyUdpPort(),
            Endpoint.host("a.example.com"),
            Endpoint.anyHost()
        }) {
            assertFalse(none.allows(each), each.toString());
        }
        ClientLimits some = ClientLimits.builder()
                .port(5432)
                .udpPorts(53, 54)
                .host("*.example.com")
                .build();
        assertTrue(some.allows(Endpoint.port(5432)));
        assertFalse(some.allows(Endpoint.port(53)));
        assertTrue(some.allows(Endpoint.udpPort(54)));
        assertFalse(some.allows(Endpoint.udpPort(5432)));
        assertTrue(some.allows(Endpoint.anyUdpPort()));
        assertTrue(some.allows(Endpoint.host("a.example.com")));
        assertFalse(some.allows(Endpoint.host("example.com")));
        assertTrue(some.allows(Endpoint.anyHost()));
    }
}
