package org.relay4j.yamux.core;

/**
 * The state that the streams of a session share.
 *
 * @param limits time limits of streams
 * @param session is notified of the end of streams
 * @param defects receives exceptions that handlers throw
 * @param queue the output of the session
 * @param memory the memory for unread bytes
 * @param windows the sizes of receive windows
 * @param wasteful the count of wasteful frames
 * @param traffic payload counters of all streams
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

    /** The payload counters of all streams together. Unit: bytes. */
    static final class Traffic {
        long received;
        long sent; // queued to be sent
    }
}
