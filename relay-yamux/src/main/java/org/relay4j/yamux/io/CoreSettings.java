package org.relay4j.yamux.io;

import java.util.concurrent.ThreadLocalRandom;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.GlitchLimit;

/** The options of a session as its core reads them. */
public final class CoreSettings {
    private CoreSettings() {}

    /** Converts, and gives the streams places in the table of the core that no peer can foresee. */
    public static CoreOptions of(SessionOptions options) {
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
                options.halfCloseTimeout().toNanos(),
                options.lingerTimeout().toNanos(),
                options.deliveryTimeout().toNanos(),
                new GlitchLimit(options.glitchBurst(), options.glitchRate()),
                new GlitchLimit(options.resetBurst(), options.resetRate()),
                ThreadLocalRandom.current().nextInt());
    }
}
