package org.relay4j.yamux.core;

/** The default options of a core with a few changed. Times in seconds, as tests think of them. */
final class Options {
    private static final CoreOptions DEFAULTS = CoreOptions.defaults();

    private int receiveWindow = DEFAULTS.receiveWindow();
    private int maxReceiveWindow; // windows do not grow unless a test is about that
    private int windowBudget = DEFAULTS.windowBudget();
    private int receiveBudget = DEFAULTS.receiveBudget();
    private int maxStreams = DEFAULTS.maxStreams();
    private int maxUnacknowledged = DEFAULTS.maxUnacknowledged();
    private long keepAliveInterval = DEFAULTS.keepAliveInterval();
    private long keepAliveTimeout = DEFAULTS.keepAliveTimeout();
    private long writeStallTimeout = DEFAULTS.writeStallTimeout();
    private long openTimeout = DEFAULTS.openTimeout();
    private long acceptTimeout = DEFAULTS.acceptTimeout();
    private long halfCloseTimeout = DEFAULTS.halfCloseTimeout();
    private long lingerTimeout = DEFAULTS.lingerTimeout();
    private long deliveryTimeout = DEFAULTS.deliveryTimeout();
    private RateLimit wastefulFrames = DEFAULTS.wastefulFrames();
    private RateLimit streamResets = DEFAULTS.streamResets();
    private int hashSeed;

    Options receiveWindow(int bytes) {
        receiveWindow = bytes;
        return this;
    }

    Options growth(int largestWindow, int budget) {
        maxReceiveWindow = largestWindow;
        windowBudget = budget;
        return this;
    }

    Options receiveBudget(int bytes) {
        receiveBudget = bytes;
        return this;
    }

    Options maxStreams(int streams) {
        maxStreams = streams;
        return this;
    }

    Options maxUnacknowledged(int streams) {
        maxUnacknowledged = streams;
        return this;
    }

    Options keepAlive(double interval, double timeout) {
        keepAliveInterval = nanos(interval);
        keepAliveTimeout = nanos(timeout);
        return this;
    }

    Options writeStallTimeout(double seconds) {
        writeStallTimeout = nanos(seconds);
        return this;
    }

    Options openTimeout(double seconds) {
        openTimeout = nanos(seconds);
        return this;
    }

    Options acceptTimeout(double seconds) {
        acceptTimeout = nanos(seconds);
        return this;
    }

    Options halfCloseTimeout(double seconds) {
        halfCloseTimeout = nanos(seconds);
        return this;
    }

    Options lingerTimeout(double seconds) {
        lingerTimeout = nanos(seconds);
        return this;
    }

    Options deliveryTimeout(double seconds) {
        deliveryTimeout = nanos(seconds);
        return this;
    }

    Options wastefulFrames(int burst, int rate) {
        wastefulFrames = new RateLimit(burst, rate);
        return this;
    }

    Options streamResets(int burst, int rate) {
        streamResets = new RateLimit(burst, rate);
        return this;
    }

    Options hashSeed(int seed) {
        hashSeed = seed;
        return this;
    }

    /** No time ends anything. */
    Options withoutTimeouts() {
        return keepAlive(0, 0)
                .writeStallTimeout(0)
                .openTimeout(0)
                .acceptTimeout(0)
                .halfCloseTimeout(0)
                .lingerTimeout(0)
                .deliveryTimeout(0);
    }

    CoreOptions build() {
        return new CoreOptions(
                receiveWindow,
                maxReceiveWindow,
                windowBudget,
                receiveBudget,
                maxStreams,
                maxUnacknowledged,
                keepAliveInterval,
                keepAliveTimeout,
                writeStallTimeout,
                openTimeout,
                acceptTimeout,
                halfCloseTimeout,
                lingerTimeout,
                deliveryTimeout,
                wastefulFrames,
                streamResets,
                hashSeed);
    }

    private static long nanos(double seconds) {
        return Math.round(seconds * 1e9);
    }
}
