package org.relay4j.yamux.io;

import java.time.Duration;
import java.util.Objects;

/** The ranges that options are checked against, with one wording for all objections. */
public final class Bounds {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofHours(1);

    private static final long FOREVER_NANOS = Long.MAX_VALUE / 2;
    private static final Duration FOREVER = Duration.ofNanos(FOREVER_NANOS);

    private Bounds() {}

    /** Objects to a number that is not {@code least} to {@code most}. */
    public static void range(String name, int value, int least, int most) {
        if (value < least || value > most) throw objection(name, value, least + " to " + most);
    }

    /** Objects to a time that is not 1 ms to 1 h. */
    public static void timeout(String name, Duration value) {
        Objects.requireNonNull(value, name);
        if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
            throw objection(name, value, "1 ms to 1 h");
        }
    }

    /** The same for a time that may be zero, which turns it off. */
    public static void timeoutOrOff(String name, Duration value) {
        Objects.requireNonNull(value, name);
        if (value.isNegative() || value.compareTo(Duration.ofDays(365)) > 0) {
            throw objection(name, value, "zero (off) to one year");
        }
    }

    /** Objects to a time that is negative; returns it. */
    public static Duration notNegative(String name, Duration value) {
        Objects.requireNonNull(value, name);
        if (value.isNegative()) throw new IllegalArgumentException(name + " is negative: " + value);
        return value;
    }

    /**
     * Nanoseconds of a time, however long it is: one that does not fit, such as that of {@link
     * java.time.temporal.ChronoUnit#FOREVER}, becomes 146 years, so that a deadline from now does not overflow either. A
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
