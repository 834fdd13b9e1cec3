package org.relay4j.yamux.io;

import java.util.concurrent.atomic.AtomicBoolean;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;

/**
 * Records stalls of streams with Java's flight recorder. Safe for use by several threads; never blocks.
 *
 * <p>Nothing is loaded until the flight recorder is in use. Then the first stall makes Java load the rest of it, which takes about 0.2 s.
 * So it has a thread of its own do that, and is not recorded, nor are those that begin meanwhile.
 */
public final class Stalls {
    private static final AtomicBoolean LOADING = new AtomicBoolean();
    private static volatile boolean ready; // written by the loading thread

    private Stalls() {}

    /** Returns true once stalls are recorded. */
    public static boolean isReady() {
        return ready;
    }

    /** Starts the event of a stream that cannot send what it has. Returns null if it is not being recorded. */
    public static @Nullable StallEvent begun(MuxStream stream) {
        if (ready) return StallEvent.begun(stream);
        if (FlightRecorder.isInitialized() && !LOADING.getAndSet(true)) {
            try {
                Thread thread = new Thread(Stalls::load, "relay-stall-recorder");
                thread.setDaemon(true);
                thread.start();
            } catch (OutOfMemoryError e) {
                LOADING.set(false); // no thread can be started now; the stream goes on, and a later stall tries again
            }
        }
        return null;
    }

    private static void load() {
        StallEvent.isRecorded();
        ready = true;
    }
}
