package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.yamux.SessionOptions;

class RelayServerOptionsTest {
    /** A number with its bounds. */
    record Bound(
            String name,
            int least,
            int most,
            BiFunction<RelayServerOptions.Builder, Integer, RelayServerOptions.Builder> setter,
            ToIntFunction<RelayServerOptions> getter) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Bound> bounds() {
        return Stream.of(
                new Bound(
                        "port",
                        0,
                        65_535,
                        RelayServerOptions.Builder::port,
                        options -> options.controlAddress().getPort()),
                new Bound(
                        "maxTunnels",
                        1,
                        60_000,
                        RelayServerOptions.Builder::maxTunnels,
                        RelayServerOptions::maxTunnels),
                new Bound(
                        "maxTunnelsPerAddress",
                        1,
                        60_000,
                        RelayServerOptions.Builder::maxTunnelsPerAddress,
                        RelayServerOptions::maxTunnelsPerAddress),
                new Bound(
                        "maxPending",
                        1,
                        60_000,
                        RelayServerOptions.Builder::maxPending,
                        RelayServerOptions::maxPending),
                new Bound(
                        "maxPendingPerAddress",
                        1,
                        60_000,
                        RelayServerOptions.Builder::maxPendingPerAddress,
                        RelayServerOptions::maxPendingPerAddress),
                new Bound(
                        "maxVisitors",
                        1,
                        1_000_000,
                        RelayServerOptions.Builder::maxVisitors,
                        RelayServerOptions::maxVisitors),
                new Bound(
                        "maxVisitorsPerTunnel",
                        1,
                        1_000_000,
                        RelayServerOptions.Builder::maxVisitorsPerTunnel,
                        RelayServerOptions::maxVisitorsPerTunnel),
                new Bound(
                        "maxUdpVisitors",
                        1,
                        65_536,
                        RelayServerOptions.Builder::maxUdpVisitors,
                        RelayServerOptions::maxUdpVisitors),
                new Bound(
                        "udpVisitorsPerSecond",
                        0,
                        1_000_000,
                        RelayServerOptions.Builder::udpVisitorsPerSecond,
                        RelayServerOptions::udpVisitorsPerSecond),
                new Bound("loops", 1, 1_024, RelayServerOptions.Builder::loops, RelayServerOptions::loops));
    }

    @ParameterizedTest
    @MethodSource("bounds")
    void boundsBelongToTheRange(Bound bound) {
        for (int value : new int[] {bound.least, bound.most}) {
            RelayServerOptions options =
                    bound.setter.apply(RelayServerOptions.builder(), value).build();
            assertEquals(value, bound.getter.applyAsInt(options));
        }
    }

    @ParameterizedTest
    @MethodSource("bounds")
    void messageNamesTheBadValueAndItsRange(Bound bound) {
        for (int value : new int[] {bound.least - 1, bound.most + 1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            String message = refusal(bound.setter.apply(RelayServerOptions.builder(), value));
            assertEquals(bound.name + " is " + value + ", it must be " + bound.least + " to " + bound.most, message);
        }
    }

    @Test
    void defaults() {
        RelayServerOptions options = RelayServerOptions.builder().build();
        assertEquals(0, options.controlAddress().getPort());
        assertTrue(options.controlAddress().getAddress().isAnyLocalAddress());
        assertNull(options.publicBindAddress());
        assertEquals(0, options.lowestPublicPort());
        assertEquals(0, options.highestPublicPort());
        assertEquals(1_000, options.maxTunnels());
        assertEquals(100, options.maxTunnelsPerAddress());
        assertEquals(256, options.maxPending());
        assertEquals(64, options.maxPendingPerAddress());
        assertEquals(50_000, options.maxVisitors());
        assertEquals(16_384, options.maxVisitorsPerTunnel());
        assertEquals(1_024, options.maxUdpVisitors());
        assertEquals(500, options.udpVisitorsPerSecond());
        assertEquals(Duration.ofSeconds(60), options.udpIdleTimeout());
        assertEquals(Duration.ofSeconds(5), options.handshakeTimeout());
        assertSame(SessionOptions.defaults(), options.session());
        assertTrue(options.loops() >= 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 20_000, 65_535})
    void rangeOfOnePortIsARange(int port) {
        RelayServerOptions options =
                RelayServerOptions.builder().publicPorts(port, port).build();
        assertEquals(port, options.lowestPublicPort());
        assertEquals(port, options.highestPublicPort());
    }

    @Test
    void badRangesOfPublicPortsAreNamed() {
        assertEquals("lowest public port is 0, it must be 1 to 65535", refusalOfPorts(0, 100));
        assertEquals("lowest public port is -1, it must be 1 to 65535", refusalOfPorts(-1, 100));
        assertEquals("lowest public port is 65536, it must be 1 to 65535", refusalOfPorts(65_536, 65_536));
        assertEquals("highest public port is 99, it must be 100 to 65535", refusalOfPorts(100, 99));
        assertEquals("highest public port is 0, it must be 100 to 65535", refusalOfPorts(100, 0));
        assertEquals("highest public port is 65536, it must be 100 to 65535", refusalOfPorts(100, 65_536));
    }

    private static String refusalOfPorts(int lowest, int highest) {
        return refusal(RelayServerOptions.builder().publicPorts(lowest, highest));
    }

    @Test
    void handshakeTimeoutIsBounded() {
        Function<Duration, RelayServerOptions.Builder> with = RelayServerOptions.builder()::handshakeTimeout;
        for (Duration good : new Duration[] {Duration.ofMillis(1), Duration.ofHours(1)}) {
            assertEquals(good, with.apply(good).build().handshakeTimeout());
        }
        for (Duration bad : new Duration[] {
            Duration.ZERO,
            Duration.ofNanos(999_999),
            Duration.ofSeconds(-1),
            Duration.ofHours(1).plusNanos(1),
            Duration.ofSeconds(Long.MAX_VALUE)
        }) {
            assertEquals("handshakeTimeout is " + bad + ", it must be 1 ms to 1 h", refusal(with.apply(bad)));
        }
    }

    @Test
    void namesCannotBeRequiredWhereThereAreNone() {
        assertEquals(
                "requireName is true without a policy: no client could connect; set policy",
                refusal(RelayServerOptions.builder().requireName(true)));
    }

    @Test
    void portsForNames() {
        assertEquals(
                "httpsPort is 65536, it must be 0 to 65535",
                refusal(RelayServerOptions.builder().httpsPort(65_536)));
        assertEquals(
                "httpPort is -1, it must be 0 to 65535",
                refusal(RelayServerOptions.builder().httpPort(-1)));
        String both = "redirectHttps is true, but not both ports are set; set httpPort and httpsPort";
        assertEquals(
                both, refusal(RelayServerOptions.builder().redirectHttps(true).httpPort(80)));
        assertEquals(
                both, refusal(RelayServerOptions.builder().redirectHttps(true).httpsPort(443)));
    }

    @Test
    void optionsDoNotChangeWithTheirBuilder() {
        RelayServerOptions.Builder builder = RelayServerOptions.builder().maxTunnels(7);
        RelayServerOptions options = builder.build();
        builder.maxTunnels(8);
        assertEquals(7, options.maxTunnels());
        assertEquals(8, builder.build().maxTunnels());
    }

    @Test
    void copyHasAllValues() throws Exception {
        RelayServerListener listener = new RelayServerListener() {};
        RelayServerOptions options = RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .port(1)
                .publicBindAddress(InetAddress.getLoopbackAddress())
                .publicPorts(2, 3)
                .maxTunnels(4)
                .maxTunnelsPerAddress(5)
                .maxPending(6)
                .maxPendingPerAddress(7)
                .maxVisitors(8)
                .maxVisitorsPerTunnel(9)
                .maxUdpVisitors(15)
                .udpVisitorsPerSecond(16)
                .udpIdleTimeout(Duration.ofSeconds(17))
                .handshakeTimeout(Duration.ofSeconds(10))
                .lease(Duration.ofSeconds(13))
                .idleTimeout(Duration.ofSeconds(14))
                .trustedProxies(List.of("192.0.2.1"))
                .proxyCertificates(List.of("sha256:" + "0".repeat(64)))
                .loops(11)
                .session(SessionOptions.builder().maxStreams(12).build())
                .listener(listener)
                .tls(ServerTls.of(SSLContext.getDefault()))
                .extended(true)
                .policy(name -> CompletableFuture.completedFuture(Optional.empty()))
                .requireName(true)
                .stateFile(Path.of("state"))
                .stickyPorts(true)
                .httpsPort(15)
                .httpPort(16)
                .redirectHttps(true)
                .answerUnknownNames(false)
                .domain("example.org")
                .domainTls(ServerTls.of(SSLContext.getDefault()))
                .controlSocket(Path.of("socket"))
                .build();
        RelayServerOptions copy = options.toBuilder().build();
        int compared = 0;
        for (Method getter : RelayServerOptions.class.getMethods()) {
            if (getter.getName().equals("cluster")) continue; // excludes others, see ClusterOptionsTest
            if (getter.getDeclaringClass() != RelayServerOptions.class || getter.getParameterCount() > 0) continue;
            if (Modifier.isStatic(getter.getModifiers()) || getter.getName().equals("toBuilder")) continue;
            assertEquals(getter.invoke(options), getter.invoke(copy), getter::getName);
            assertNotEquals(getter.invoke(RelayServerOptions.defaults()), getter.invoke(copy), getter::getName);
            compared++;
        }
        assertEquals(32, compared);
        assertFalse(copy.trustedProxies().isOff());
        assertEquals(Set.of("0".repeat(64)), copy.proxyCertificates());
        assertEquals(5, options.toBuilder().port(5).build().controlAddress().getPort());
        assertEquals(1, options.controlAddress().getPort());
    }

    @Test
    void leaseIsUpToAnHourOrOff() {
        assertEquals(Duration.ofSeconds(30), RelayServerOptions.defaults().lease());
        for (Duration each : List.of(Duration.ZERO, Duration.ofMillis(1), Duration.ofHours(1))) {
            assertEquals(each, RelayServerOptions.builder().lease(each).build().lease());
        }
        for (Duration each : List.of(Duration.ofNanos(1), Duration.ofMillis(-1), Duration.ofSeconds(3_601))) {
            assertEquals(
                    "lease is " + each + ", it must be 1 ms to 1 h",
                    refusal(RelayServerOptions.builder().lease(each)));
        }
    }

    @Test
    void addressesAndSessionAreKept() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        SessionOptions session = SessionOptions.builder().maxStreams(3).build();
        RelayServerOptions options = RelayServerOptions.builder()
                .bindAddress(loopback)
                .port(7000)
                .publicBindAddress(loopback)
                .session(session)
                .build();
        assertEquals(loopback, options.controlAddress().getAddress());
        assertEquals(7000, options.controlAddress().getPort());
        assertEquals(loopback, options.publicBindAddress());
        assertSame(session, options.session());
    }

    private static String refusal(RelayServerOptions.Builder builder) {
        return assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    }
}
