package org.relay4j.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Bounds;

/**
 * A check of the local service of a forwarder. While the service is down, the endpoint is withdrawn: the server resets its visitors
 * at once, and keeps the endpoint for this client. If other tunnels {@linkplain ServiceOptions.Builder#share share} the endpoint,
 * visitors go to those instead. Immutable.
 *
 * <pre>{@code
 * HealthCheck check = HealthCheck.http("/health").interval(Duration.ofSeconds(5));
 * ServiceOptions options = ServiceOptions.builder().healthCheck(check).build();
 * }</pre>
 */
public final class HealthCheck {
    private final @Nullable String path; // of an HTTP request; null for a connect only
    private final Duration interval;
    private final Duration timeout;
    private final int failures;
    private final int successes;

    private HealthCheck(@Nullable String path, Duration interval, Duration timeout, int failures, int successes) {
        this.path = path;
        this.interval = interval;
        this.timeout = timeout;
        this.failures = failures;
        this.successes = successes;
    }

    /** Returns a check that succeeds if the service accepts a connection, which is closed at once. */
    public static HealthCheck tcp() {
        return new HealthCheck(null, Duration.ofSeconds(10), Duration.ofSeconds(2), 3, 1);
    }

    /**
     * Returns a check that succeeds if the service answers an HTTP/1.0 request, {@code GET path}, with a status of 200 to 399.
     *
     * @throws IllegalArgumentException if the path does not begin with a slash, has other characters than visible ASCII, or is longer
     *     than 1,024 characters
     */
    public static HealthCheck http(String path) {
        boolean visible = path.chars().allMatch(c -> c > ' ' && c <= '~');
        if (!path.startsWith("/") || !visible || path.length() > 1_024) {
            throw new IllegalArgumentException(
                    "path is '" + path + "', it must begin with / and be visible ASCII of at most 1024 characters");
        }
        HealthCheck tcp = tcp();
        return new HealthCheck(path, tcp.interval, tcp.timeout, tcp.failures, tcp.successes);
    }

    /**
     * Returns this check with another pause between two checks: 10 ms to 1 h, default 10 s.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public HealthCheck interval(Duration newInterval) {
        Bounds.timeout("interval", newInterval);
        if (newInterval.compareTo(Duration.ofMillis(10)) < 0) {
            throw new IllegalArgumentException("interval is " + newInterval + ", it must be 10 ms to 1 h");
        }
        return new HealthCheck(path, newInterval, timeout, failures, successes);
    }

    /**
     * Returns this check with another timeout for the connect, and another one for the answer: 1 ms to 1 h, default 2 s.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public HealthCheck timeout(Duration newTimeout) {
        Bounds.timeout("timeout", newTimeout);
        return new HealthCheck(path, interval, newTimeout, failures, successes);
    }

    /**
     * Returns this check with other thresholds: the number of failures in a row after which the service is down, default 3, and the
     * number of successes in a row after which it is up again, default 1. Both are 1 to 100.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public HealthCheck thresholds(int newFailures, int newSuccesses) {
        Bounds.range("failures", newFailures, 1, 100);
        Bounds.range("successes", newSuccesses, 1, 100);
        return new HealthCheck(path, interval, timeout, newFailures, newSuccesses);
    }

    /** Returns the path of the HTTP request; null if the check is a connect only. */
    @Nullable
    String path() {
        return path;
    }

    Duration interval() {
        return interval;
    }

    Duration timeout() {
        return timeout;
    }

    int failures() {
        return failures;
    }

    int successes() {
        return successes;
    }

    @Override
    public String toString() {
        return (path == null ? "tcp" : "http " + path) + " every " + interval;
    }
}
