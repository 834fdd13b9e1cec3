package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** The handling of frames for the whole session: Ping, its answer and GoAway. */
final class SessionFrames {
    private final SessionParts parts;
    private final SessionState state;
    private final KeepAlive keepAlive;
    private final SessionEvents events;
    private long ignored; // legal frames without effect
    private @Nullable Cause failure; // the peer has ended the session

    SessionFrames(SessionParts parts, SessionState state, KeepAlive keepAlive, SessionEvents events) {
        this.parts = parts;
        this.state = state;
        this.keepAlive = keepAlive;
        this.events = events;
    }

    long ignored() {
        return ignored;
    }

    /** Returns true if all further input can be ignored. */
    boolean isOver() {
        return state.isOver() || failure != null;
    }

    /** Returns the reason why the peer ended the session, or null if it has not. */
    @Nullable
    Cause failure() {
        return failure;
    }

    /** Returns true if the streams of the peer are refused. */
    boolean takesNoStreams() {
        return state.isDraining() || state.acceptsNoMore();
    }

    /** Returns the handler of a stream that the peer opened; null to refuse the stream. */
    @Nullable
    StreamHandler handlerOf(MuxStream stream) {
        try {
            return events.onStream(stream);
        } catch (RuntimeException | Error e) {
            parts.defects().report(e);
            return null;
        }
    }

    void onPing(int flags, int value, long now) throws ProtocolViolation {
        if ((flags & Frame.SYN) != 0) {
            parts.wasteful().add(WastefulFrame.PING, now);
            parts.queue().pong(value);
            return;
        }
        long roundTrip = (flags & Frame.ACK) == 0 ? -1 : keepAlive.pong(value, now);
        if (roundTrip < 0) {
            ignore(WastefulFrame.STRAY_PONG, now);
            return;
        }
        parts.windows().measured(roundTrip, now);
        parts.queue().quantum.path(parts.windows().isFar());
        events.onPong(roundTrip);
    }

    void onGoAway(long code, long now) throws ProtocolViolation {
        if (code != Frame.NORMAL) {
            failure = new Cause(Cause.Kind.GO_AWAY, code, "the peer ended the session with code " + code, null);
        } else if (state.peerGoesAway()) {
            events.onGoAway();
            parts.session().settle();
        } else ignore(WastefulFrame.REPEATED_GO_AWAY, now);
    }

    private void ignore(WastefulFrame frame, long now) throws ProtocolViolation {
        ignored++;
        parts.wasteful().add(frame, now);
    }
}
