package org.relay4j.yamux.core;

/** Whether this end can open a stream, and the user's wish to hear when it can again. */
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

    /** Has the user told when the state is no longer WAIT, as it is now. */
    void await() {
        awaited = state() == OpenState.WAIT;
    }

    /** Tells the user when there is something to be told. Called after anything that may change the state. */
    void check() {
        if (!awaited || state.isOver() || state() == OpenState.WAIT) return;
        awaited = false;
        events.onOpenable();
    }
}
