package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CoreOptionsTest {
    @Test
    void defaultsAreWithinWhatPeersTolerate() {
        CoreOptions options = CoreOptions.defaults();
        assertEquals(262_144, options.receiveWindow());
        assertEquals(256, options.maxUnacknowledged());
        // hashicorp/yamux closes the session when an answer takes longer than 75 s; half of that is kept as a reserve.
        assertEquals(true, options.acceptTimeout() > 0 && options.acceptTimeout() <= TimeUnit.SECONDS.toNanos(30));
    }

    @Test
    void tickIsAQuarterOfTheShortestTimeout() {
        assertEquals(100, millis(new Options().withoutTimeouts().lingerTimeout(0.4)));
        assertEquals(200, millis(new Options().withoutTimeouts().openTimeout(0.8)));
        assertEquals(200, millis(new Options().withoutTimeouts().acceptTimeout(0.8)));
        assertEquals(200, millis(new Options().withoutTimeouts().halfCloseTimeout(0.8)));
        assertEquals(200, millis(new Options().withoutTimeouts().writeStallTimeout(0.8)));
        assertEquals(200, millis(new Options().withoutTimeouts().keepAlive(0.8, 2)));
        assertEquals(200, millis(new Options().withoutTimeouts().keepAlive(2, 0.8)));
    }

    @Test
    void tickIsOneSecondAtMost() {
        assertEquals(1000, millis(new Options()));
        assertEquals(1000, millis(new Options().withoutTimeouts()));
        assertEquals(1000, millis(new Options().withoutTimeouts().lingerTimeout(4)));
        assertEquals(999.75, millis(new Options().withoutTimeouts().lingerTimeout(3.999)));
    }

    @Test
    void tickIsTenMillisecondsAtLeast() {
        assertEquals(10, millis(new Options().lingerTimeout(0.04)));
        assertEquals(10, millis(new Options().lingerTimeout(0.001)));
    }

    private static double millis(Options options) {
        return options.build().tickInterval() / 1e6;
    }
}
