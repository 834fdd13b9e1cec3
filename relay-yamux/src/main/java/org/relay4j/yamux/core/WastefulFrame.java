package org.relay4j.yamux.core;

/**
 * A legal frame that serves nothing: it costs the peer nothing and this end a little, so there is a limit on them.
 * Implementations of HTTP/2 call these glitches.
 */
public enum WastefulFrame {
    /** A Data frame that carries no byte, opens nothing and ends nothing. */
    EMPTY_DATA("a Data frame without content"),
    /** A Window Update that carries no credit, opens nothing and ends nothing. */
    EMPTY_UPDATE("a window update without credit"),
    /** Credit of a few bytes at a time, or for more than was sent. */
    IDLE_CREDIT("credit of a few bytes, or for nothing that was sent"),
    /** A frame for a stream that does not exist, or no longer. */
    UNKNOWN_STREAM("a frame for a stream that does not exist"),
    /** A ping, which has to be answered. */
    PING("a ping"),
    /** An answer to a ping that is not under way. */
    STRAY_PONG("an answer to no ping"),
    /** A GoAway after the first. */
    REPEATED_GO_AWAY("one more GoAway"),
    /** A stream that the peer opened and that could not be taken. */
    REFUSED_STREAM("a stream that was refused"),
    /** A stream that the peer opened and reset, or made this end reset by breaking its rules. */
    RESET_STREAM("a stream that was opened and reset");

    final String text;

    WastefulFrame(String text) {
        this.text = text;
    }

    /** True for streams, which have a budget of their own because each costs more than a frame. */
    boolean isStream() {
        return this == REFUSED_STREAM || this == RESET_STREAM;
    }
}
