package org.relay4j.yamux;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Frame;
import org.relay4j.yamux.io.Bounds;

/**
 * The limits and timeouts of a session. Immutable. A duration of zero disables the timeout.
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
    // Longer than 300 lines because each option has a getter and a setter here, with the one description of its
    // default.

    private static final int LARGEST_WINDOW = 1 << 30; // bytes
    private static final SessionOptions DEFAULTS = builder().build();

    private final Builder values;

    private SessionOptions(Builder values) {
        this.values = values;
    }

    /** Returns the default options. They suit a connection over the internet to any yamux implementation. */
    public static SessionOptions defaults() {
        return DEFAULTS;
    }

    /** Returns a builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder with these options. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** Returns the initial receive window of a stream in bytes. */
    public int receiveWindow() {
        return values.receiveWindow;
    }

    /** Returns the size in bytes up to which the receive window of a stream may grow. */
    public int maxReceiveWindow() {
        return values.maxReceiveWindow;
    }

    /** Returns the limit in bytes for the growth of all windows together. */
    public int windowBudget() {
        return values.windowBudget;
    }

    /** Returns the limit in bytes for received, unread data of all streams together. */
    public int receiveBudget() {
        return values.receiveBudget;
    }

    /** Returns how many streams may be queued for {@link Session#accept}. */
    public int backlog() {
        return values.backlog;
    }

    /** Returns how many streams the peer may have open at the same time. */
    public int maxStreams() {
        return values.maxStreams;
    }

    /** Returns how many streams opened by this end may be unacknowledged. */
    public int maxUnacknowledged() {
        return values.maxUnacknowledged;
    }

    /** Returns the silence after which the session pings the peer. */
    public Duration keepAliveInterval() {
        return values.keepAliveInterval;
    }

    /** Returns how long the peer may remain silent after a keep-alive ping. */
    public Duration keepAliveTimeout() {
        return values.keepAliveTimeout;
    }

    /** Returns the time without progress in sending after which the session fails. */
    public Duration writeStallTimeout() {
        return values.writeStallTimeout;
    }

    /** Returns how long the peer may take to acknowledge a stream. */
    public Duration openTimeout() {
        return values.openTimeout;
    }

    /**
     * Returns the idle time after which a half-closed stream is reset. Null means five minutes for the streams of an
     * application, and no limit for relayed visitors.
     */
    public @Nullable Duration halfCloseTimeout() {
        return values.halfCloseTimeout;
    }

    /** Returns the idle time after which a stream closed by this end is reset if the peer has continued to send. */
    public Duration lingerTimeout() {
        return values.lingerTimeout;
    }

    /** Returns the time without progress after which unread data of an ended stream is dropped. */
    public Duration deliveryTimeout() {
        return values.deliveryTimeout;
    }

    /** Returns how many wasteful frames the peer may send in a burst; see {@link Builder#wastefulFrameLimit}. */
    public int wastefulFrameBurst() {
        return values.wastefulFrameBurst;
    }

    /** Returns the sustained limit of wasteful frames per second; 0 means no limit. */
    public int wastefulFramesPerSecond() {
        return values.wastefulFramesPerSecond;
    }

    /** Returns how many useless streams the peer may open in a burst; see {@link Builder#streamResetLimit}. */
    public int streamResetBurst() {
        return values.streamResetBurst;
    }

    /** Returns the sustained limit of useless streams per second; 0 means no limit. */
    public int streamResetsPerSecond() {
        return values.streamResetsPerSecond;
    }

    /** Returns the shared queue for streams of the peer; null means that the session has its own. */
    public @Nullable AcceptQueue acceptQueue() {
        return values.acceptQueue;
    }

    /** Returns the listener of the session; null if there is none. */
    public @Nullable SessionListener listener() {
        return values.listener;
    }

    /** A builder of options; {@link #build} validates the values. Not safe for use by several threads. */
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
         * Sets the initial receive window of a stream in bytes: the in-flight and unread data that this end allows. 262,144 (the
         * default, which every implementation assumes) to 2^30. A larger window is announced when a stream is opened or
         * accepted. The throughput over a long link is at most one window per round trip.
         */
        public Builder receiveWindow(int bytes) {
            receiveWindow = bytes;
            return this;
        }

        /**
         * Sets the size in bytes up to which a window may grow if it limits the throughput and the reader keeps up: up to
         * 2^30, default 16 MiB. Windows do not grow if this value is not larger than {@link #receiveWindow}, nor over links
         * with round trips below 2 ms. A window uses memory only while its reader is behind.
         */
        public Builder maxReceiveWindow(int bytes) {
            maxReceiveWindow = bytes;
            return this;
        }

        /**
         * Sets the limit in bytes for the growth of all windows together: 0 to 2^30, default 64 MiB. All sessions of a process
         * together are limited to half of the process budget (see {@link #receiveBudget}), at most 256 MiB. By default that is a
         * quarter of the direct memory that the JVM allows.
         */
        public Builder windowBudget(int bytes) {
            windowBudget = bytes;
            return this;
        }

        /**
         * Sets the limit in bytes for received, unread data of all streams together: 256 KiB to 2^30, default 2^30. A session is
         * also limited to half of the free part of the process budget, but may always hold 64 KiB. The process budget is half
         * of the direct memory that the JVM allows ({@code -XX:MaxDirectMemorySize}, by default the size of the heap), or the
         * value of the system property {@code relay4j.bufferBudget}. A session that would exceed its limit resets one of its
         * own streams: the one that holds the most memory for the longest time without progress.
         */
        public Builder receiveBudget(int bytes) {
            receiveBudget = bytes;
            return this;
        }

        /** Sets how many streams may await {@link Session#accept}: 1 to 65,536, default 256. Others are refused with RST. */
        public Builder backlog(int streams) {
            backlog = streams;
            return this;
        }

        /** Sets how many streams the peer may have open at once: 1 to 2^24, default 65,536. Others are refused with RST. */
        public Builder maxStreams(int streams) {
            maxStreams = streams;
            return this;
        }

        /**
         * Sets how many streams opened by this end may be unacknowledged: 1 to 65,536, default 256, which is the backlog of
         * most implementations. {@link Session#open} blocks while the limit is reached.
         */
        public Builder maxUnacknowledged(int streams) {
            maxUnacknowledged = streams;
            return this;
        }

        /** Sets the silence after which the session pings the peer: default 30 s. Zero disables keep-alive. */
        public Builder keepAliveInterval(Duration interval) {
            keepAliveInterval = interval;
            return this;
        }

        /** Sets how long the peer may remain silent after a keep-alive ping: default 10 s. Any data counts as an answer. */
        public Builder keepAliveTimeout(Duration timeout) {
            keepAliveTimeout = timeout;
            return this;
        }

        /** Sets the time without progress in sending after which the session fails: default 30 s. */
        public Builder writeStallTimeout(Duration timeout) {
            writeStallTimeout = timeout;
            return this;
        }

        /** Sets how long the peer may take to acknowledge a stream before the stream is reset: default 75 s. */
        public Builder openTimeout(Duration timeout) {
            openTimeout = timeout;
            return this;
        }

        /**
         * Sets the idle time after which a half-closed stream is reset: zero (off) to one year. The default, null, depends on
         * the use of the stream. For a {@link Session} it means 5 min, because a stream that the application has closed and the
         * peer has not would otherwise remain open for ever. For visitors that a relay server or forwarder connects to a socket
         * it means off, because a half-closed TCP connection may be idle without limit; TCP keep-alive detects vanished peers.
         */
        public Builder halfCloseTimeout(@Nullable Duration timeout) {
            halfCloseTimeout = timeout;
            return this;
        }

        /**
         * Sets the idle time after which a stream closed by this end is reset if the peer has continued to send: default 5 s. A
         * silent peer may still be reading earlier data, so the {@link #halfCloseTimeout} applies to it.
         */
        public Builder lingerTimeout(Duration timeout) {
            lingerTimeout = timeout;
            return this;
        }

        /**
         * Sets the time without reads after which the unread data of an ended stream is dropped: default 60 s. A relayed
         * visitor, or the connection to a local service, is then reset; reading from a {@link Stream} throws. Zero disables the
         * timeout: the data of an ended {@code Stream} is then kept until it is read or the stream is closed.
         */
        public Builder deliveryTimeout(Duration timeout) {
            deliveryTimeout = timeout;
            return this;
        }

        /**
         * Sets how many wasteful frames the peer may send. A wasteful frame consumes resources of this end without a useful
         * effect: a ping or a stray answer to one, an empty Data frame or window update, credit of a few bytes or for data that
         * was not sent, a frame for an unknown stream, or a repeated GoAway. Frames that were in flight to a stream that this
         * end has reset do not count. If the peer exceeds the limit, it receives GoAway(1) and the session ends.
         *
         * @param burst frames in a burst: 1 to 2^24, default 1,000,000
         * @param perSecond sustained frames per second: up to 1,000,000, default 100,000; 0 means no limit
         */
        public Builder wastefulFrameLimit(int burst, int perSecond) {
            wastefulFrameBurst = burst;
            wastefulFramesPerSecond = perSecond;
            return this;
        }

        /**
         * Sets how many useless streams the peer may open: streams that the peer opens and resets, streams that this end resets
         * because the peer violates their rules, and streams refused because of {@link #backlog}, {@link #maxStreams} or a
         * GoAway. If the peer exceeds the limit, it receives GoAway(1) and the session ends.
         *
         * @param burst streams in a burst: 1 to 2^24, default 100,000
         * @param perSecond sustained streams per second: up to 1,000,000, default 20,000; 0 means no limit
         */
        public Builder streamResetLimit(int burst, int perSecond) {
            streamResetBurst = burst;
            streamResetsPerSecond = perSecond;
            return this;
        }

        /**
         * Sets a shared queue for streams of the peer. By default each session has its own queue, which {@link Session#accept}
         * reads. {@link AcceptQueue#accept} returns the streams of all sessions that share the queue and does not report the
         * end of a single session; use a {@link #listener} for that.
         */
        public Builder acceptQueue(@Nullable AcceptQueue queue) {
            acceptQueue = queue;
            return this;
        }

        /** Sets the listener of the session: default none. */
        public Builder listener(@Nullable SessionListener newListener) {
            listener = newListener;
            return this;
        }

        /**
         * Validates the values and returns the options.
         *
         * @throws IllegalArgumentException if a value is out of range; the message names the option
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
