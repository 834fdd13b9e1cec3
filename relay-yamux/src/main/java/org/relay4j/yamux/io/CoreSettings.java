package org.relay4j.yamux.io;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.GlitchLimit;

/** The options of a session as its core reads them. */
public final class CoreSettings {
    private static final Duration HALF_CLOSE_TIMEOUT = Duration.ofMinutes(5);

    private CoreSettings() {}

    /** For an application's streams: a half-closed one that is idle is reset after five minutes, unless the options differ. */
    public static CoreOptions of(SessionOptions options) {
        return of(options, HALF_CLOSE_TIMEOUT);
    }

    /**
     * For streams that are joined to sockets: a half-closed one may be idle for as long as TCP allows, unless the options
     * differ. TCP keep-alive notices when its socket's peer has vanished.
     */
    public static CoreOptions relayed(SessionOptions options) {
        return of(options, Duration.ZERO);
    }

    /** Converts, and gives the streams places in the table of the core that no peer can foresee. */
    private static CoreOptions of(SessionOptions options, Duration defaultHalfClose) {
        Duration halfClose = options.halfCloseTimeout();
        return new CoreOptions(
                options.receiveWindow(),
                options.maxReceiveWindow(),
                options.windowBudget(),
                options.receiveBudget(),
                options.maxStreams(),
                options.maxUnacknowledged(),
                options.keepAliveInterval().toNanos(),
                options.keepAliveTimeout().toNanos(),
                options.writeStallTimeout().toNanos(),
                options.openTimeout().toNanos(),
                CoreOptions.defaults().acceptTimeout(),
                (halfClose == null ? defaultHalfClose : halfClose).toNanos(),
                options.lingerTimeout().toNanos(),
                options.deliveryTimeout().toNanos(),
                new GlitchLimit(options.glitchBurst(), options.glitchRate()),
                new GlitchLimit(options.resetBurst(), options.resetRate()),
                ThreadLocalRandom.current().nextInt());
    }
}
