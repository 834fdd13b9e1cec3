package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.relay4j.testing.Await;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.testing.WireFrame;

/** A session whose peer is a script. */
record Scripted(Session session, ScriptedPeer peer) implements AutoCloseable {
    static Scripted client(Transport transport, SessionOptions options) throws IOException {
        Transport.Ends ends = transport.connect();
        return new Scripted(Session.client(ends.ours(), options), new ScriptedPeer(ends.theirs()));
    }

    static Scripted client(Transport transport) throws IOException {
        return client(transport, SessionOptions.defaults());
    }

    static Scripted server(Transport transport, SessionOptions options) throws IOException {
        Transport.Ends ends = transport.connect();
        return new Scripted(Session.server(ends.ours(), options), new ScriptedPeer(ends.theirs()));
    }

    static Scripted server(Transport transport) throws IOException {
        return server(transport, SessionOptions.defaults());
    }

    /** Opens a stream, and has the script answer. */
    Stream open() throws IOException {
        Stream stream = session.open();
        WireFrame syn = peer.next();
        assertTrue(syn.equals(WireFrame.window(stream.id(), WireFrame.SYN, syn.length())), syn::toString);
        peer.send(WireFrame.window(stream.id(), WireFrame.ACK, 0));
        return stream;
    }

    /** Has the script open a stream, and accepts it. */
    Stream accept(int id) throws IOException {
        peer.send(WireFrame.window(id, WireFrame.SYN, 0));
        Stream stream = session.accept(Await.DEADLINE);
        WireFrame ack = peer.next();
        assertTrue(ack.equals(WireFrame.window(id, WireFrame.ACK, ack.length())), ack::toString);
        return stream;
    }

    @Override
    public void close() throws IOException {
        session.close();
        peer.close();
        Await.until("the session is terminated", () -> session.awaitEnd(Await.DEADLINE));
    }
}
