package org.relay4j.yamux.core;

/** The answer to whether a stream can be opened. */
public enum OpenState {
    READY,
    /** Not now: the peer must acknowledge other streams first, or there is no buffer space for the SYN. */
    WAIT,
    /** The peer accepts no more streams, or this end is draining. */
    GONE_AWAY,
    /** All stream ids of this end have been used. */
    EXHAUSTED,
    /** The session is over. */
    ENDED
}
