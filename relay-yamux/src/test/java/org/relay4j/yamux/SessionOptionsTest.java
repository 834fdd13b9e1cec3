package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.RateLimit;

class SessionOptionsTest {
    private static final int LARGEST_WINDOW = 1 << 30; // bytes

    @Test
    void windowsAreChecked() {
        refused("receiveWindow is 262143, it must be 262144 to 1073741824", builder -> builder.receiveWindow(262_143));
        refused(
                "receiveWindow is 1073741825, it must be 262144 to 1073741824",
                builder -> builder.receiveWindow(LARGEST_WINDOW + 1));
        refused("maxReceiveWindow is -1, it must be 0 to 1073741824", builder -> builder.maxReceiveWindow(-1));
        refused(
                "maxReceiveWindow is 1073741825, it must be 0 to 1073741824",
                builder -> builder.maxReceiveWindow(LARGEST_WINDOW + 1));
        refused("receiveBudget is 262143, it must be 262144 to 1073741824", builder -> builder.receiveBudget(262_143));
        refused("windowBudget is -1, it must be 0 to 1073741824", builder -> builder.windowBudget(-1));
    }

    @Test
    void budgetsAreChecked() {
        refused(
                "burst of wastefulFrameLimit is 0, it must be 1 to 16777216",
                builder -> builder.wastefulFrameLimit(0, 1));
        refused(
                "perSecond of wastefulFrameLimit is -1, it must be 0 to 1000000",
                builder -> builder.wastefulFrameLimit(1, -1));
        refused(
                "burst of streamResetLimit is 16777217, it must be 1 to 16777216",
                builder -> builder.streamResetLimit((1 << 24) + 1, 1));
        refused(
                "perSecond of streamResetLimit is 1000001, it must be 0 to 1000000",
                builder -> builder.streamResetLimit(1, 1_000_001));
    }

    @Test
    void halfClosedStreamsThatAreRelayedMayBeIdle() {
        SessionOptions defaults = SessionOptions.defaults();
        assertNull(defaults.halfCloseTimeout());
        assertEquals(
                Duration.ofMinutes(5).toNanos(),
                SessionInternals.options(defaults).halfCloseTimeout());
        assertEquals(0, SessionInternals.relayedOptions(defaults).halfCloseTimeout());
        for (Duration chosen : List.of(Duration.ZERO, Duration.ofSeconds(9))) {
            SessionOptions options =
                    SessionOptions.builder().halfCloseTimeout(chosen).build();
            assertEquals(chosen.toNanos(), SessionInternals.options(options).halfCloseTimeout());
            assertEquals(
                    chosen.toNanos(), SessionInternals.relayedOptions(options).halfCloseTimeout());
        }
    }

    @Test
    void valuesReachTheCore() {
        CoreOptions core = SessionInternals.options(SessionOptions.builder()
                .receiveWindow(300_000)
                .maxReceiveWindow(400_000)
                .windowBudget(500_000)
                .receiveBudget(600_000)
                .maxStreams(6)
                .maxUnacknowledged(7)
                .keepAliveInterval(Duration.ofNanos(8))
                .keepAliveTimeout(Duration.ofNanos(9))
                .writeStallTimeout(Duration.ofNanos(10))
                .openTimeout(Duration.ofNanos(11))
                .halfCloseTimeout(Duration.ofNanos(12))
                .lingerTimeout(Duration.ofNanos(13))
                .deliveryTimeout(Duration.ofNanos(18))
                .wastefulFrameLimit(14, 15)
                .streamResetLimit(16, 17)
                .build()
                .toBuilder()
                .build());
        CoreOptions expected = new CoreOptions(
                300_000,
                400_000,
                500_000,
                600_000,
                6,
                7,
                8,
                9,
                10,
                11,
                CoreOptions.defaults().acceptTimeout(),
                12,
                13,
                18,
                new RateLimit(14, 15),
                new RateLimit(16, 17),
                core.hashSeed());
        assertEquals(expected, core);
    }

    @Test
    void defaultsAreThoseOfTheCore() {
        CoreOptions core = SessionInternals.options(SessionOptions.defaults());
        CoreOptions defaults = CoreOptions.defaults();
        assertEquals(defaults.receiveWindow(), core.receiveWindow());
        assertEquals(defaults.maxReceiveWindow(), core.maxReceiveWindow());
        assertEquals(defaults.windowBudget(), core.windowBudget());
        assertEquals(defaults.maxStreams(), core.maxStreams());
        assertEquals(defaults.writeStallTimeout(), core.writeStallTimeout());
        assertEquals(defaults.lingerTimeout(), core.lingerTimeout());
        assertEquals(defaults.deliveryTimeout(), core.deliveryTimeout());
        assertEquals(defaults.receiveBudget(), core.receiveBudget());
        assertEquals(defaults.wastefulFrames(), core.wastefulFrames());
        assertEquals(defaults.streamResets(), core.streamResets());
    }

    private static void refused(String message, UnaryOperator<SessionOptions.Builder> change) {
        SessionOptions.Builder builder = change.apply(SessionOptions.builder());
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, builder::build).getMessage());
    }
}
