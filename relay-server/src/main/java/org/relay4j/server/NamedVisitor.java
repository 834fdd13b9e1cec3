package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.names.Fault;
import org.relay4j.server.names.Opening;
import org.relay4j.server.names.OpeningReader;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.TlsWire;
import org.relay4j.yamux.io.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A visitor of a {@link NamePort}, until the name that it wants is known. On the loop of the port. */
final class NamedVisitor implements Loop.Handler {
    private enum State {
        /** Its name is not known yet. */
        READING,
        /** Its TLS handshake is not complete. */
        SECURING,
        /** It was answered in place of a tunnel; what it still sends is discarded, so that no TCP reset destroys the answer. */
        ANSWERED,
        /** It was handed over, or is closed. */
        OVER
    }

    private static final Logger log = LoggerFactory.getLogger(NamedVisitor.class);
    private static final int ROOM = 2 * 1024; // bytes; most requests fit
    private static final int DISCARDED_PER_EVENT = 16; // reads

    private final NamePort port;
    private final SocketChannel channel;
    private final InetSocketAddress from;
    private final @Nullable ProxyHeader proxied;
    private final OpeningReader reader;
    private final RelayServer server;
    private byte[] bytes = new byte[ROOM]; // everything so far
    private int length; // of it
    private State state = State.READING;
    private Loop.@Nullable Timer timer;
    private String name = ""; // once it is known
    private long number; // among those that have yet to reach an endpoint, once begun
    private @Nullable VisitorTls handshake; // while SECURING

    NamedVisitor(NamePort port, SocketChannel channel, InetSocketAddress from, @Nullable ProxyHeader proxied) {
        this.port = port;
        this.channel = channel;
        this.from = from;
        this.proxied = proxied;
        server = port.server();
        reader = port.reader();
    }

    SocketChannel channel() {
        return channel;
    }

    Loop loop() {
        return port.loop();
    }

    /** Reads what has arrived, which is usually enough to know the name; else the loop waits for the rest. */
    void begin() {
        number = port.router().visitors().enter();
        timer = port.loop().schedule(server.options().handshakeTimeout().toNanos(), this::late);
        try {
            if (!channel.isRegistered()) read(); // else that registration must become ours first
            if (state == State.READING || state == State.ANSWERED) {
                port.loop().register(channel, SelectionKey.OP_READ, this);
            }
        } catch (IOException e) {
            left(e);
        }
    }

    @Override
    public void ready(SelectionKey key) {
        try {
            switch (state) {
                case READING -> read();
                case ANSWERED -> discard();
                case SECURING, OVER -> key.interestOps(0);
            }
        } catch (IOException e) {
            left(e);
        }
    }

    private void read() throws IOException {
        while (true) {
            if (length == bytes.length) bytes = Arrays.copyOf(bytes, Math.min(2 * length, OpeningReader.MOST));
            int more = channel.read(ByteBuffer.wrap(bytes, length, bytes.length - length));
            if (more == 0) return;
            if (more < 0) throw new IOException("it has closed the connection");
            length += more;
            Opening opening = reader.read(bytes, length);
            if (opening == null) continue;
            Fault fault = opening.fault();
            if (fault == null) route(opening);
            else {
                byte[] answer = port.isTls() ? NameAnswer.alert(fault) : NameAnswer.http(fault);
                refuse(Refusal.NAME_MALFORMED, fault.toString(), answer);
            }
            return;
        }
    }

    // ---- the name is known

    private void route(Opening opening) throws IOException {
        name = opening.name();
        if (!port.isTls() && server.options().redirectHttps() && !name.isEmpty()) {
            answer(NameAnswer.redirect(opening, port.router().secure(name)));
            return;
        }
        PublicName endpoint = port.router().find(name, number);
        ServerTls own = server.options().tls();
        ServerTls tls = port.isTls() ? server.options().certificateFor(name) : null;
        // A tunnel whose name this server proves with its own certificate must not receive the server's clients.
        if (opening.relay() && own != null && (endpoint == null || own.proves(name))) admit();
        else if (endpoint != null && tls != null) secure(tls);
        else if (endpoint != null) handOver(endpoint, new PlainWire(channel), ByteBuffer.wrap(bytes, 0, length));
        else {
            byte[] answer = port.isTls() ? NameAnswer.UNRECOGNIZED_NAME : NameAnswer.notFound(opening);
            refuse(Refusal.NAME_UNKNOWN, unknown(), server.options().answerUnknownNames() ? answer : null);
        }
    }

    private String unknown() {
        return name.isEmpty() ? "it names no host" : "there is no tunnel for '" + name + "'";
    }

    /** Ends its TLS here. */
    private void secure(ServerTls tls) throws IOException {
        state = State.SECURING;
        handshake = new VisitorTls(
                this,
                server.gate().visitorEngines(),
                tls,
                Sockets.site(from.getAddress()),
                ByteBuffer.wrap(bytes, 0, length));
        handshake.begin();
    }

    /** Its TLS handshake is complete. */
    void secured(TlsWire wire) {
        handshake = null;
        PublicName endpoint = port.router().find(name, number);
        if (endpoint != null) {
            handOver(endpoint, wire, null);
            return;
        }
        refused(Refusal.NAME_UNKNOWN, unknown()); // the tunnel has lost it meanwhile
        end();
        arrived();
        new Arrival(wire, from, proxied, null).reset();
    }

    /** Its TLS handshake has failed; it was sent an alert, if there is one. */
    void insecure(String why) {
        refused(Refusal.VISITOR_TLS, why);
        shut(false);
    }

    private void handOver(PublicName endpoint, Wire wire, @Nullable ByteBuffer first) {
        end();
        Arrival arrival = new Arrival(wire, from, proxied, first);
        Loop next = endpoint.loop();
        if (next.isCurrent()) endpoint.arrived(arrival);
        else {
            port.loop().deregister(channel);
            next.execute(() -> endpoint.arrived(arrival));
        }
        arrived();
    }

    /** It has reached an endpoint, or never will. Later calls have no effect. */
    private void arrived() {
        port.router().visitors().leave(number);
    }

    /** It is a relay client, which speaks TLS with the server itself. */
    private void admit() throws IOException {
        Loop next = server.loops().next();
        end();
        arrived();
        if (next != port.loop()) port.loop().deregister(channel);
        server.controlPort().admit(new Newcomer(channel, from, ByteBuffer.wrap(bytes, 0, length)), next);
    }

    // ---- the end without a tunnel

    /** Called when newer visitors have displaced this one. */
    void giveWay() {
        String newer =
                port.mostPending() + " newer ones (" + server.options().maxPendingPerAddress() + " of one address)";
        incomplete(", and " + newer + " may be pending");
        shut(true);
    }

    private void late() {
        timer = null;
        incomplete(" within " + server.options().handshakeTimeout().toMillis() + " ms");
        shut(false);
    }

    private void incomplete(String rest) {
        if (state == State.READING) refused(Refusal.NAME_INCOMPLETE, "it has not sent its name" + rest);
        if (state == State.SECURING) refused(Refusal.VISITOR_TLS, "its TLS handshake is not complete" + rest);
    }

    void left(IOException failure) {
        log.debug("relay server: visitor {} has disconnected: {}", Sockets.text(from), failure.toString());
        shut(false);
    }

    /** @param answer null: the connection is closed without one */
    private void refuse(Refusal reason, String why, byte @Nullable [] answer) throws IOException {
        refused(reason, why);
        if (answer != null) answer(answer);
        else shut(false);
    }

    private void refused(Refusal reason, String why) {
        server.refused(reason, from, "relay server: visitor {} refused: {}", Sockets.text(from), why);
    }

    /** Sends an answer, ends our direction, and waits a moment for the visitor to end its own. It counts as pending until then. */
    private void answer(byte[] bytes) throws IOException {
        state = State.ANSWERED;
        arrived();
        if (timer != null) timer.cancel();
        timer = port.loop().schedule(TimeUnit.SECONDS.toNanos(1), this::late);
        if (channel.write(ByteBuffer.wrap(bytes)) < bytes.length) throw new IOException("it does not read the answer");
        channel.shutdownOutput();
        discard();
    }

    private void discard() throws IOException {
        for (int n = 0; n < DISCARDED_PER_EVENT; n++) {
            int more = channel.read(ByteBuffer.wrap(bytes));
            if (more == 0) return;
            if (more < 0) throw new IOException("it was answered");
        }
    }

    @Override
    public void abandon(Throwable cause) {
        drop();
    }

    /** Resets the connection, unless it belongs to a tunnel or is closed. */
    void drop() {
        if (state != State.OVER) shut(true);
    }

    private void shut(boolean reset) {
        end();
        if (reset) Sockets.reset(channel);
        else Sockets.close(channel);
        if (handshake != null) handshake.close();
        arrived();
    }

    /** Stops to count it. Later calls have no effect. */
    private void end() {
        if (state == State.OVER) return;
        state = State.OVER;
        if (timer != null) timer.cancel();
        timer = null;
        port.settled(this, from);
    }

    @Override
    public String toString() {
        return "visitor " + Sockets.text(from);
    }
}
