package org.relay4j.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/** Receives the visitors of an endpoint: an application that accepts them, or a local service that they are connected to. */
interface Service {
    /**
     * Receives a visitor. On the loop, with the session's lock held. A handler that must always run on the loop calls {@code
     * on.driver().splices()} before.
     *
     * @param header the header of the stream, which is complete; null if it has none
     * @return the handler of the visitor's stream; null to reset it
     */
    @Nullable
    StreamHandler begin(ServiceConnection on, MuxStream stream, @Nullable VisitorHeader header);

    /**
     * Prepares for the visitors of a connection that is about to be made. May block.
     *
     * @throws IOException if the service cannot have visitors
     */
    default void prepare() throws IOException {}

    /**
     * The tunnel is closing. Visitors that wait to be accepted are reset. Those that still arrive are reset, too, except by a service
     * whose visitors end by themselves.
     */
    default void stopWaiting() {}

    /** Returns the queue in which all visitors of a connection wait to be accepted; null if some do not. */
    default @Nullable AcceptQueue queue() {
        return null;
    }
}
