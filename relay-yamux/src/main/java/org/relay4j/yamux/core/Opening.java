package org.relay4j.yamux.core;

/** The state of opening streams, and the pending request to be notified when it changes. */
final class Opening {
    private final Streams streams;
    private final SendQueue queue;
    private final SessionState state;
    private final SessionEvents events;
    private boolean awaited;

    Opening(Streams streams, SendQueue queue, SessionState state, SessionEvents events) {
        this.streams = streams;
        this.queue = queue;
        this.state = state;
        this.events = events;
    }

    OpenState state() {
        if (state.isOver()) return OpenState.ENDED;
        if (state.takesNoStreams()) return OpenState.GONE_AWAY;
        if (streams.exhausted()) return OpenState.EXHAUSTED;
        return streams.canAnnounce() && queue.buffer.room() > 0 ? OpenState.READY : OpenState.WAIT;
    }

    /** Requests a notification when the state, which is WAIT now, changes. */
    void await() {
        awaited = state() == OpenState.WAIT;
    }

    /** Sends the notification if it is due. Called after any event that may change the state. */
    void check() {
        if (!awaited || state.isOver() || state() == OpenState.WAIT) return;
        awaited = false;
        events.onOpenable();
    }
}
