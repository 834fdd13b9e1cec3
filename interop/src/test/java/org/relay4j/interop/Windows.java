package org.relay4j.interop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.relay4j.yamux.SessionOptions;

/** The receive windows of both ends in a run: the initial window of all implementations, or that of frp. */
enum Windows {
    DEFAULT(256 * 1024),
    LIKE_FRP(6 << 20);

    final int bytes;

    Windows(int bytes) {
        this.bytes = bytes;
    }

    /** Our options. Both sides ping often, so that every scenario has pings among its frames. */
    SessionOptions.Builder options() {
        return SessionOptions.builder().receiveWindow(bytes).keepAliveInterval(Duration.ofMillis(50));
    }

    /** The same for a Go program. */
    List<String> flags(String... more) {
        List<String> flags = new ArrayList<>(List.of("-window", String.valueOf(bytes), "-keepalive", "50ms"));
        flags.addAll(List.of(more));
        return flags;
    }
}
