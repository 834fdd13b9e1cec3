package org.relay4j.client;

import java.util.concurrent.ExecutorService;
import org.relay4j.yamux.io.Threads;

/** The threads that reconnect and that call listeners. They may block, and exist only while there is something to do. */
final class Callbacks {
    static final ExecutorService EXECUTOR = Threads.executor("relay-callback");

    private Callbacks() {}
}
