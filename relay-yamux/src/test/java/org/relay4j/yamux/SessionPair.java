package org.relay4j.yamux;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import org.relay4j.testing.Await;
import org.relay4j.testing.Transport;

/** Two sessions joined. */
record SessionPair(Session client, Session server, Transport.Ends ends) implements AutoCloseable {
    static SessionPair over(Transport transport, SessionOptions client, SessionOptions server) throws IOException {
        Transport.Ends ends = transport.connect();
        return new SessionPair(Session.client(ends.ours(), client), Session.server(ends.theirs(), server), ends);
    }

    static SessionPair over(Transport transport, SessionOptions both) throws IOException {
        return over(transport, both, both);
    }

    static SessionPair over(Transport transport) throws IOException {
        return over(transport, SessionOptions.defaults());
    }

    /** A stream opened by the client, both ends of it. */
    StreamPair open() throws IOException {
        Stream here = client.open();
        return new StreamPair(here, server.accept(Await.DEADLINE));
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
        // Each driver with threads would wait for a silence of the other. SessionCloseTest has the whole close.
        if (!(ends.ours() instanceof SocketChannel)) {
            ends.ours().close();
            ends.theirs().close();
        }
        Await.until("the session is terminated", () -> client.awaitEnd(Await.DEADLINE));
        Await.until("the session is terminated", () -> server.awaitEnd(Await.DEADLINE));
    }

    /** Both ends of one stream. */
    record StreamPair(Stream here, Stream there) {}
}
