package org.relay4j.yamux.io;

import java.time.Duration;
import java.util.Objects;

/** Range checks for options, with uniform error messages. */
public final class Bounds {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofHours(1);

    private static final long FOREVER_NANOS = Long.MAX_VALUE / 2;
    private static final Duration FOREVER = Duration.ofNanos(FOREVER_NANOS);

    private Bounds() {}

    /** Throws IllegalArgumentException unless the number is between {@code least} and {@code most}. */
    public static void range(String name, int value, int least, int most) {
        if (value < least || value > most) throw objection(name, value, least + " to " + most);
    }

    /** Throws IllegalArgumentException unless the duration is between 1 ms and 1 h. */
    public static void timeout(String name, Duration value) {
        Objects.requireNonNull(value, name);
        if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
            throw objection(name, value, "1 ms to 1 h");
        }
    }

    /** Throws IllegalArgumentException unless the duration is between zero, which means off, and one year. */
    public static void timeoutOrOff(String name, Duration value) {
        Objects.requireNonNull(value, name);
        if (value.isNegative() || value.compareTo(Duration.ofDays(365)) > 0) {
            throw objection(name, value, "zero (off) to one year");
        }
    }

    /** Returns the duration. Throws IllegalArgumentException if it is negative. */
    public static Duration notNegative(String name, Duration value) {
        Objects.requireNonNull(value, name);
        if (value.isNegative()) throw new IllegalArgumentException(name + " is negative: " + value);
        return value;
    }

    /**
     * Returns the duration in nanoseconds. A duration that does not fit, such as that of {@link
     * java.time.temporal.ChronoUnit#FOREVER}, becomes 146 years, so that a deadline relative to now does not overflow either. A
     * negative one becomes 0.
     */
    public static long nanos(Duration value) {
        if (value.isNegative()) return 0;
        return value.compareTo(FOREVER) >= 0 ? FOREVER_NANOS : value.toNanos();
    }

    private static IllegalArgumentException objection(String name, Object value, String range) {
        return new IllegalArgumentException(name + " is " + value + ", it must be " + range);
    }
}
