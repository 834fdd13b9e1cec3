package org.relay4j.yamux.io;

/** Waits for bandwidth, see {@link Driver#takeBandwidth}. */
public interface BandwidthWaiter {
    /** There is bandwidth again. Called on the loop with the session's lock held. */
    void resumeReading();
}
