package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
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
        assertEquals(Duration.ofSeconds(10), options.localConnectTimeout());
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
                .localConnectTimeout(value)
                .backoff(value, value)
                .build();
        assertEquals(
                List.of(value, value, value, value, value),
                List.of(
                        options.connectTimeout(),
                        options.handshakeTimeout(),
                        options.localConnectTimeout(),
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
            assertEquals(
                    "localConnectTimeout" + range,
                    refusal(RelayClientOptions.builder().localConnectTimeout(bad)));
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

    @Test
    void builderOfOptionsStartsWithAllOfThem() {
        RelayClientOptions options = RelayClientOptions.builder()
                .connectTimeout(Duration.ofSeconds(1))
                .handshakeTimeout(Duration.ofSeconds(2))
                .localConnectTimeout(Duration.ofSeconds(3))
                .retryFirst(true)
                .reconnect(false)
                .backoff(Duration.ofSeconds(4), Duration.ofSeconds(5))
                .listener(new TunnelListener() {})
                .session(SessionOptions.builder().backlog(7).build())
                .build();
        RelayClientOptions same = options.toBuilder().build();
        assertEquals(values(options), values(same));
        RelayClientOptions other = options.toBuilder().reconnect(true).build();
        assertTrue(other.reconnect());
        assertFalse(options.reconnect());
    }

    /** Of every getter, so that none is forgotten. */
    private static List<Object> values(RelayClientOptions options) {
        return Stream.of(RelayClientOptions.class.getMethods())
                .filter(method -> method.getDeclaringClass() == RelayClientOptions.class
                        && method.getParameterCount() == 0
                        && !Modifier.isStatic(method.getModifiers())
                        && !method.getName().equals("toBuilder"))
                .sorted(Comparator.comparing(Method::getName))
                .map(method -> {
                    try {
                        return method.invoke(options);
                    } catch (ReflectiveOperationException e) {
                        throw new LinkageError("cannot call " + method, e);
                    }
                })
                .toList();
    }

    private static String refusal(RelayClientOptions.Builder builder) {
        return assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    }
}
