package org.relay4j.yamux.core;

/** Whether a stream can be opened. */
public enum OpenState {
    READY,
    /** Not now: the peer has to answer first, or there is no room for the announcement. */
    WAIT,
    /** The peer takes no more streams, or this end is draining. */
    GONE_AWAY,
    /** All stream ids of this end have been used. */
    EXHAUSTED,
    /** The session is over. */
    ENDED
}
