package org.relay4j.yamux;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Frame;
import org.relay4j.yamux.io.Bounds;

/**
 * Bounds and timeouts of a session. Immutable. A duration of zero turns that timeout off.
 *
 * <pre>{@code
 * SessionOptions options = SessionOptions.builder()
 *         .keepAliveInterval(Duration.ofSeconds(10))
 *         .maxStreams(1_000)
 *         .build();
 * Session session = Session.client(channel, options);
 * }</pre>
 */
public final class SessionOptions {
    private static final int LARGEST_WINDOW = 1 << 30; // bytes
    private static final SessionOptions DEFAULTS = builder().build();

    private final Builder values;

    private SessionOptions(Builder values) {
        this.values = values;
    }

    /** The defaults, which suit a connection over the internet to any yamux implementation. */
    public static SessionOptions defaults() {
        return DEFAULTS;
    }

    /** Starts with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts with these options. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** Bytes that a stream may have under way to this end. */
    public int receiveWindow() {
        return values.receiveWindow;
    }

    /** Bytes that the window of a stream may grow to. */
    public int maxReceiveWindow() {
        return values.maxReceiveWindow;
    }

    /** Bytes by which the windows of all streams together may have grown. */
    public int windowBudget() {
        return values.windowBudget;
    }

    /** Bytes of all streams together that may wait to be read. */
    public int receiveBudget() {
        return values.receiveBudget;
    }

    /** Streams that may wait in {@link Session#accept}. */
    public int backlog() {
        return values.backlog;
    }

    /** Streams that the peer may have open at once. */
    public int maxStreams() {
        return values.maxStreams;
    }

    /** Streams opened here that may wait for the peer's first answer. */
    public int maxUnacknowledged() {
        return values.maxUnacknowledged;
    }

    /** Silence after which the peer is asked for a sign of life. */
    public Duration keepAliveInterval() {
        return values.keepAliveInterval;
    }

    /** Time that the peer has to give a sign of life. */
    public Duration keepAliveTimeout() {
        return values.keepAliveTimeout;
    }

    /** Time without any progress in sending after which the session fails. */
    public Duration writeStallTimeout() {
        return values.writeStallTimeout;
    }

    /** Time that the peer has to answer to an opened stream. */
    public Duration openTimeout() {
        return values.openTimeout;
    }

    /**
     * Idle time after which a stream that is closed in one direction is reset; null for five minutes on the streams of an
     * application, and none on visitors that are relayed.
     */
    public @Nullable Duration halfCloseTimeout() {
        return values.halfCloseTimeout;
    }

    /** Idle time after which a stream that was closed here is reset, when the peer has gone on sending. */
    public Duration lingerTimeout() {
        return values.lingerTimeout;
    }

    /** Time without progress after which received bytes of a stream that has ended are dropped. */
    public Duration deliveryTimeout() {
        return values.deliveryTimeout;
    }

    /** Wasteful frames that the peer may send at once, see {@link Builder#wastefulFrameLimit}. */
    public int wastefulFrameBurst() {
        return values.wastefulFrameBurst;
    }

    /** Wasteful frames per second that the peer may send, sustained; 0 for no limit. */
    public int wastefulFramesPerSecond() {
        return values.wastefulFramesPerSecond;
    }

    /** Streams that the peer may open for nothing at once, see {@link Builder#streamResetLimit}. */
    public int streamResetBurst() {
        return values.streamResetBurst;
    }

    /** Streams per second that the peer may open for nothing, sustained; 0 for no limit. */
    public int streamResetsPerSecond() {
        return values.streamResetsPerSecond;
    }

    /** Where streams of the peer wait to be accepted; null for a queue of the session's own. */
    public @Nullable AcceptQueue acceptQueue() {
        return values.acceptQueue;
    }

    /** Told about the end of the session; null when nobody is. */
    public @Nullable SessionListener listener() {
        return values.listener;
    }

    /** Collects the values; {@link #build} checks them. Not safe for use by several threads. */
    public static final class Builder {
        private int receiveWindow = Frame.INITIAL_WINDOW;
        private int maxReceiveWindow = 16 << 20;
        private int windowBudget = 64 << 20;
        private int receiveBudget = LARGEST_WINDOW;
        private int backlog = 256;
        private int maxStreams = 65_536;
        private int maxUnacknowledged = 256;
        private Duration keepAliveInterval = Duration.ofSeconds(30);
        private Duration keepAliveTimeout = Duration.ofSeconds(10);
        private Duration writeStallTimeout = Duration.ofSeconds(30);
        private Duration openTimeout = Duration.ofSeconds(75);
        private @Nullable Duration halfCloseTimeout;
        private Duration lingerTimeout = Duration.ofSeconds(5);
        private Duration deliveryTimeout = Duration.ofSeconds(60);
        private int wastefulFrameBurst = 1_000_000;
        private int wastefulFramesPerSecond = 100_000;
        private int streamResetBurst = 100_000;
        private int streamResetsPerSecond = 20_000;
        private @Nullable AcceptQueue acceptQueue;
        private @Nullable SessionListener listener;

        private Builder() {}

        private Builder(Builder other) {
            receiveWindow = other.receiveWindow;
            maxReceiveWindow = other.maxReceiveWindow;
            windowBudget = other.windowBudget;
            receiveBudget = other.receiveBudget;
            backlog = other.backlog;
            maxStreams = other.maxStreams;
            maxUnacknowledged = other.maxUnacknowledged;
            keepAliveInterval = other.keepAliveInterval;
            keepAliveTimeout = other.keepAliveTimeout;
            writeStallTimeout = other.writeStallTimeout;
            openTimeout = other.openTimeout;
            halfCloseTimeout = other.halfCloseTimeout;
            lingerTimeout = other.lingerTimeout;
            deliveryTimeout = other.deliveryTimeout;
            wastefulFrameBurst = other.wastefulFrameBurst;
            wastefulFramesPerSecond = other.wastefulFramesPerSecond;
            streamResetBurst = other.streamResetBurst;
            streamResetsPerSecond = other.streamResetsPerSecond;
            acceptQueue = other.acceptQueue;
            listener = other.listener;
        }

        /**
         * Bytes that a stream may have under way to this end at first: 262,144 (the default, which every implementation
         * assumes) to 2^30. A larger one is announced when a stream is opened or accepted; throughput over a long link is at
         * most one window per round trip.
         */
        public Builder receiveWindow(int bytes) {
            receiveWindow = bytes;
            return this;
        }

        /**
         * Bytes that the window of a stream may grow to when its path holds more and its reader keeps up: up to 2^30, default
         * 16 MiB. Windows do not grow when it is not larger than {@link #receiveWindow}, nor over links with round trips below
         * 2 ms. What a window holds is only kept here while its reader is behind.
         */
        public Builder maxReceiveWindow(int bytes) {
            maxReceiveWindow = bytes;
            return this;
        }

        /**
         * Bytes by which the windows of all streams together may have grown: 0 to 2^30, default 64 MiB. All sessions of a
         * process together have a quarter of the direct memory that the JVM allows, at most 256 MiB.
         */
        public Builder windowBudget(int bytes) {
            windowBudget = bytes;
            return this;
        }

        /**
         * Bytes of all streams together that may wait here to be read: 256 KiB to 2^30, default 2^30. In any case a session may
         * hold half of what is free of the budget of the process, and 64 KiB even when nothing is free. That budget is half of
         * the direct memory that the JVM allows ({@code -XX:MaxDirectMemorySize}, by default as much as heap), or the value of
         * the system property {@code relay4j.bufferBudget}. A session that would hold more resets one of its own streams: the one
         * that holds the most memory for the longest time without progress.
         */
        public Builder receiveBudget(int bytes) {
            receiveBudget = bytes;
            return this;
        }

        /** Streams that may wait in {@link Session#accept}: 1 to 65,536, default 256. One more is refused with RST. */
        public Builder backlog(int streams) {
            backlog = streams;
            return this;
        }

        /** Streams that the peer may have open at once: 1 to 2^24, default 65,536. One more is refused with RST. */
        public Builder maxStreams(int streams) {
            maxStreams = streams;
            return this;
        }

        /**
         * Streams opened here that may wait for the peer's first answer: 1 to 65,536, default 256, which is what most
         * implementations take before they refuse. {@link Session#open} waits when it is reached.
         */
        public Builder maxUnacknowledged(int streams) {
            maxUnacknowledged = streams;
            return this;
        }

        /** Silence after which the peer is asked for a sign of life: default 30 s. Zero turns keep-alive off. */
        public Builder keepAliveInterval(Duration interval) {
            keepAliveInterval = interval;
            return this;
        }

        /** Time that the peer then has for any sign of life: default 10 s. */
        public Builder keepAliveTimeout(Duration timeout) {
            keepAliveTimeout = timeout;
            return this;
        }

        /** Time without any progress in sending after which the session fails: default 30 s. */
        public Builder writeStallTimeout(Duration timeout) {
            writeStallTimeout = timeout;
            return this;
        }

        /** Time that the peer has to answer to an opened stream before that stream is reset: default 75 s. */
        public Builder openTimeout(Duration timeout) {
            openTimeout = timeout;
            return this;
        }

        /**
         * Idle time after which a stream that is closed in one direction is reset: zero (off) to one year. The default, null,
         * depends on who uses the stream. For a {@link Session} it is 5 min, because a stream that the application has closed
         * and the peer has not would otherwise remain for ever. For visitors that a relay server or forwarder joins to a
         * socket it is off, because TCP lets a half-closed connection be idle for as long as it wants; TCP keep-alive ends
         * those whose peer has vanished.
         */
        public Builder halfCloseTimeout(@Nullable Duration timeout) {
            halfCloseTimeout = timeout;
            return this;
        }

        /**
         * Idle time after which a stream that was closed here is reset, when the peer has gone on sending: default 5 s. A
         * silent peer may still be reading what was sent before, and has the {@link #halfCloseTimeout}.
         */
        public Builder lingerTimeout(Duration timeout) {
            lingerTimeout = timeout;
            return this;
        }

        /**
         * Time after which received bytes that wait here are dropped when their stream has ended and none of them has been taken
         * in that time: default 60 s. A relayed visitor, or the connection to a local service, is then reset; reading from a
         * {@link Stream} throws. Zero turns it off: the bytes of an ended {@code Stream} then stay until it is read or closed.
         */
        public Builder deliveryTimeout(Duration timeout) {
            deliveryTimeout = timeout;
            return this;
        }

        /**
         * How many wasteful frames the peer may send: those that cost this end something and serve nothing. These are pings and
         * stray answers to them, empty Data frames and window updates, credit of a few bytes or for nothing that was sent,
         * frames for streams that do not exist (or no longer: what was under way to a stream that was reset here is legal), and
         * repeated GoAways. A peer that exceeds the limit receives GoAway(1), and the session ends.
         *
         * @param burst frames at once: 1 to 2^24, default 1,000,000
         * @param perSecond frames per second, sustained: up to 1,000,000, default 100,000; 0 for no limit
         */
        public Builder wastefulFrameLimit(int burst, int perSecond) {
            wastefulFrameBurst = burst;
            wastefulFramesPerSecond = perSecond;
            return this;
        }

        /**
         * How many streams the peer may open for nothing. These are streams that the peer opens and resets, that it makes this
         * end reset by breaking their rules, and that are refused because of {@link #backlog}, {@link #maxStreams} or a GoAway.
         * A peer that exceeds the limit receives GoAway(1), and the session ends.
         *
         * @param burst streams at once: 1 to 2^24, default 100,000
         * @param perSecond streams per second, sustained: up to 1,000,000, default 20,000; 0 for no limit
         */
        public Builder streamResetLimit(int burst, int perSecond) {
            streamResetBurst = burst;
            streamResetsPerSecond = perSecond;
            return this;
        }

        /**
         * Where streams of the peer wait to be accepted: default a queue of the session's own, which {@link Session#accept}
         * reads. Sessions that are given the same queue are accepted from together; the end of one of them is then not noticed by
         * {@link AcceptQueue#accept}, see {@link #listener}.
         */
        public Builder acceptQueue(@Nullable AcceptQueue queue) {
            acceptQueue = queue;
            return this;
        }

        /** Told about the end of the session: default nobody. */
        public Builder listener(@Nullable SessionListener newListener) {
            listener = newListener;
            return this;
        }

        /**
         * Checks and freezes the values.
         *
         * @throws IllegalArgumentException when a value is out of its range; the message names it
         */
        public SessionOptions build() {
            Bounds.range("receiveWindow", receiveWindow, Frame.INITIAL_WINDOW, LARGEST_WINDOW);
            Bounds.range("maxReceiveWindow", maxReceiveWindow, 0, LARGEST_WINDOW);
            Bounds.range("windowBudget", windowBudget, 0, LARGEST_WINDOW);
            Bounds.range("receiveBudget", receiveBudget, Frame.INITIAL_WINDOW, LARGEST_WINDOW);
            Bounds.range("backlog", backlog, 1, 65_536);
            Bounds.range("maxStreams", maxStreams, 1, 1 << 24);
            Bounds.range("maxUnacknowledged", maxUnacknowledged, 1, 65_536);
            Bounds.range("burst of wastefulFrameLimit", wastefulFrameBurst, 1, 1 << 24);
            Bounds.range("perSecond of wastefulFrameLimit", wastefulFramesPerSecond, 0, 1_000_000);
            Bounds.range("burst of streamResetLimit", streamResetBurst, 1, 1 << 24);
            Bounds.range("perSecond of streamResetLimit", streamResetsPerSecond, 0, 1_000_000);
            Bounds.timeoutOrOff("keepAliveInterval", keepAliveInterval);
            Bounds.timeoutOrOff("keepAliveTimeout", keepAliveTimeout);
            Bounds.timeoutOrOff("writeStallTimeout", writeStallTimeout);
            Bounds.timeoutOrOff("openTimeout", openTimeout);
            if (halfCloseTimeout != null) Bounds.timeoutOrOff("halfCloseTimeout", halfCloseTimeout);
            Bounds.timeoutOrOff("lingerTimeout", lingerTimeout);
            Bounds.timeoutOrOff("deliveryTimeout", deliveryTimeout);
            return new SessionOptions(new Builder(this));
        }
    }
}
