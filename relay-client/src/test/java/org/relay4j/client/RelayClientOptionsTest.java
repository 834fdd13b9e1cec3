package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.TunnelListener;
import org.relay4j.yamux.SessionOptions;

class RelayClientOptionsTest {
    private static final List<Duration> BAD = List.of(
            Duration.ZERO,
            Duration.ofNanos(999_999),
            Duration.ofMillis(-5),
            Duration.ofHours(1).plusNanos(1),
            Duration.ofSeconds(Long.MAX_VALUE));

    @Test
    void defaults() {
        RelayClientOptions options = RelayClientOptions.defaults();
        assertEquals(Duration.ofSeconds(10), options.connectTimeout());
        assertEquals(Duration.ofSeconds(10), options.handshakeTimeout());
        assertFalse(options.retryFirst());
        assertTrue(options.reconnect());
        assertEquals(Duration.ofMillis(200), options.shortestBackoff());
        assertEquals(Duration.ofSeconds(20), options.longestBackoff());
        assertNull(options.listener());
        assertSame(SessionOptions.defaults(), options.session());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 3_600_000})
    void boundsBelongToTheRange(long millis) {
        Duration value = Duration.ofMillis(millis);
        RelayClientOptions options = RelayClientOptions.builder()
                .connectTimeout(value)
                .handshakeTimeout(value)
                .backoff(value, value)
                .build();
        assertEquals(
                List.of(value, value, value, value),
                List.of(
                        options.connectTimeout(),
                        options.handshakeTimeout(),
                        options.shortestBackoff(),
                        options.longestBackoff()));
    }

    @Test
    void messageNamesTheBadValue() {
        for (Duration bad : BAD) {
            String range = " is " + bad + ", it must be 1 ms to 1 h";
            assertEquals(
                    "connectTimeout" + range,
                    refusal(RelayClientOptions.builder().connectTimeout(bad)));
            assertEquals(
                    "handshakeTimeout" + range,
                    refusal(RelayClientOptions.builder().handshakeTimeout(bad)));
            Duration good = Duration.ofSeconds(1);
            assertEquals(
                    "shortest backoff" + range,
                    refusal(RelayClientOptions.builder().backoff(bad, good)));
            assertEquals(
                    "longest backoff" + range,
                    refusal(RelayClientOptions.builder().backoff(good, bad)));
        }
    }

    @Test
    void backoffDoesNotShrink() {
        String message = refusal(RelayClientOptions.builder().backoff(Duration.ofSeconds(2), Duration.ofSeconds(1)));
        assertEquals("longest backoff is PT1S, it must not be below the shortest, PT2S", message);
    }

    @Test
    void optionsDoNotChangeWithTheirBuilder() {
        TunnelListener listener = new TunnelListener() {};
        RelayClientOptions.Builder builder =
                RelayClientOptions.builder().reconnect(false).listener(listener);
        RelayClientOptions options = builder.build();
        builder.reconnect(true).listener(null);
        assertEquals(false, options.reconnect());
        assertSame(listener, options.listener());
    }

    private static String refusal(RelayClientOptions.Builder builder) {
        return assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    }
}
