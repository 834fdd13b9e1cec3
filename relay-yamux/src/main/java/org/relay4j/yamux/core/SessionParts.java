package org.relay4j.yamux.core;

/**
 * What the streams of a session share.
 *
 * @param limits how long streams may wait
 * @param session is told what happens to a stream
 * @param defects what handlers have thrown
 * @param queue what the session sends
 * @param memory where received bytes are kept
 * @param windows how large receive windows are
 * @param wasteful what the peer sends without need
 * @param traffic payload of all streams
 */
record SessionParts(
        CoreOptions options,
        StreamLimits limits,
        StreamEnding.Session session,
        Defects defects,
        SendQueue queue,
        ReceiveMemory memory,
        ReceiveWindowTuner windows,
        WastefulFrames wasteful,
        Traffic traffic) {

    /** Payload of all streams together. Unit: bytes. */
    static final class Traffic {
        long received;
        long sent; // queued to be sent
    }
}
