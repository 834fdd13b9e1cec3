package org.relay4j.yamux.core;

/**
 * A legal but useless frame. It costs the peer nothing and this end a little work, so the rate is limited. HTTP/2
 * implementations call such frames glitches.
 */
public enum WastefulFrame {
    /** A Data frame that carries no bytes and neither opens nor ends a stream. */
    EMPTY_DATA("an empty Data frame"),
    /** A Window Update that carries no credit and neither opens nor ends a stream. */
    EMPTY_UPDATE("an empty window update"),
    /** Credit of a few bytes, or for more than was sent. */
    IDLE_CREDIT("credit of a few bytes, or beyond the sent data"),
    /** A frame for a stream that does not exist or no longer exists. */
    UNKNOWN_STREAM("a frame for an unknown stream"),
    /** A ping, which has to be answered. */
    PING("a ping"),
    /** An answer without a ping in flight. */
    STRAY_PONG("an unsolicited answer to a ping"),
    /** A GoAway after the first. */
    REPEATED_GO_AWAY("a repeated GoAway"),
    /** A stream of the peer that was refused. */
    REFUSED_STREAM("a refused stream"),
    /** A stream of the peer that the peer reset, or that this end reset because of a protocol violation. */
    RESET_STREAM("a reset stream");

    final String text;

    WastefulFrame(String text) {
        this.text = text;
    }

    /** Returns true for streams, which have a separate budget because each costs more than a frame. */
    boolean isStream() {
        return this == REFUSED_STREAM || this == RESET_STREAM;
    }
}
