package org.relay4j.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.StreamHeader;
import org.relay4j.yamux.io.StreamObserver;

/** Visitors that wait in a queue until the application accepts them. */
final class AcceptService implements Service, StreamObserver {
    private final SessionInternals.Backlog backlog;
    private final Visits visits;

    AcceptService(AcceptQueue queue, RelayClientOptions options, Visits visits) {
        backlog = new SessionInternals.Backlog(queue, options.session().backlog(), this);
        this.visits = visits;
    }

    @Override
    public @Nullable StreamHandler begin(ServiceConnection on, MuxStream stream, @Nullable VisitorHeader header) {
        return SessionInternals.enqueue(on.session(), stream, header, backlog);
    }

    @Override
    public void stopWaiting() {
        backlog.queue().close();
    }

    @Override
    public AcceptQueue queue() {
        return backlog.queue();
    }

    @Override
    public void accepted(Driver driver, MuxStream stream, @Nullable StreamHeader header, Runnable reset) {
        visits.accepted(driver, stream, VisitorHeader.of(header), reset);
    }

    @Override
    public void gone(MuxStream stream, @Nullable StreamHeader header, @Nullable Cause cause) {
        visits.closed(
                stream,
                VisitorHeader.of(header),
                () -> cause == null ? null : new IOException(cause.message(), cause.error()));
    }
}
