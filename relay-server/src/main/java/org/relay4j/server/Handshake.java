package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.PortLine;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.ReadAheadWire;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that has no tunnel yet. It ends with a tunnel or with the end of the connection, and holds no port, no thread and
 * no session. On the loop that serves the tunnel afterwards.
 */
final class Handshake implements Loop.Handler, Claimant {
    /*
     * The steps: TLS, if the server has it; HELLO and the client's line, if both sides speak the extended protocol; the proof of
     * the name, if the client has one; the claim of a tunnel; the answer. A client of the base protocol skips all but the last
     * two, and then this object exists only within begin().
     *
     * One deadline bounds the time from accept to the complete line, a second one the server's own decision. Until the end the
     * client counts as pending in Admission, which may drop it in favour of a newer one unless it waits for the claim.
     *
     * More than 300 lines because every step can end in each of the others' ends: late, dropped, revoked, refused or lost.
     */

    private enum State {
        /** The TLS handshake is incomplete. */
        SECURING,
        /** HELLO is sent, the client's line is incomplete. */
        READING,
        /** The line is complete; the policy or the registry has not answered yet. */
        DECIDING,
        /** Our direction ends; input is discarded until the client ends its own. */
        REFUSED,
        /** The connection is closed, or belongs to a tunnel. */
        OVER
    }

    private static final Logger log = LoggerFactory.getLogger(Handshake.class);
    private static final int NONCE = 16; // bytes

    private final Gate gate;
    private final Loop loop;
    private final Newcomer newcomer;
    private final InetSocketAddress client;
    private final Admission.Ticket ticket;
    private final PendingConnection connection;
    private final HandshakeReporter reporter;
    private State state = State.DECIDING;
    private ClaimTurns.@Nullable Turn turn; // until the client is answered
    private @Nullable SecureOpening opening; // of a server with TLS
    private @Nullable PeerIdentity peer; // from TLS
    private @Nullable RequestLine reading; // of an extended client
    private Revocations.@Nullable Entry revocable; // of a client with a name

    Handshake(Gate gate, Loop loop, Newcomer newcomer, Admission.Ticket ticket) {
        this.gate = gate;
        this.loop = loop;
        this.newcomer = newcomer;
        client = newcomer.address();
        this.ticket = ticket;
        connection = new PendingConnection(loop, wire());
        reporter = new HandshakeReporter(gate.server(), client);
    }

    /** Returns the connection before TLS. */
    private Wire wire() {
        SocketChannel channel = newcomer.channel();
        ByteBuffer first = newcomer.read();
        if (first == null || gate.options().tls() != null) return new PlainWire(channel); // TLS reads them by itself
        return new ReadAheadWire(channel, first);
    }

    /** Starts the handshake. A client of the base protocol has its answer when this returns. */
    void begin() {
        safely(() -> {
            if (gate.isBase()) {
                claim(ClientRequest.base(client, gate.nameless()));
                return;
            }
            ticket.onDrop(() -> loop.execute(this::drop));
            connection.register(this);
            connection.within(gate.options().handshakeTimeout().toNanos(), this::expired);
            ServerTls tls = gate.options().tls();
            if (tls == null) greet();
            else {
                state = State.SECURING;
                SecureOpening begun = new SecureOpening(gate, tls, newcomer, this);
                opening = begun;
                if (newcomer.read() == null) interest(SelectionKey.OP_READ);
                else begun.step();
            }
        });
    }

    // ---- events of the loop

    @Override
    public void ready(SelectionKey ready) {
        switch (state) {
            case SECURING -> safely(this::secure);
            case READING -> safely(this::read);
            case REFUSED -> safely(this::closeGently);
            default -> interest(0);
        }
    }

    @Override
    public void abandon(Throwable cause) {
        end(true);
    }

    /** Runs a step, unless the handshake has ended. A failure affects only this client. */
    void safely(Step step) {
        if (state == State.OVER) return;
        try {
            step.run();
        } catch (IOException e) {
            log.debug("relay server: client {} has disconnected: {}", Sockets.text(client), e.toString());
            end(false);
        } catch (RuntimeException | Error e) {
            reporter.failed(e);
            end(true);
        }
    }

    /** A part of the handshake. */
    interface Step {
        void run() throws IOException;
    }

    void interest(int operations) {
        connection.await(operations);
    }

    /** Runs a step on the loop. From any thread. */
    void later(Step step) {
        loop.execute(() -> safely(step));
    }

    private void expired() {
        long time = gate.options().handshakeTimeout().toMillis();
        if (state == State.SECURING && opening != null) {
            reporter.refusedUnheard("it did not complete the TLS handshake within " + time + " ms");
            reporter.suspicious(SecurityEvent.HANDSHAKE_TIMEOUT);
            opening.answerUnheard();
            end(false);
        } else refuse(Refusal.REQUEST, "bad-request", "no complete request within " + time + " ms");
    }

    /** Called when another client has displaced this one. */
    private void drop() {
        if (state == State.OVER) return;
        if (state != State.REFUSED) reporter.displaced();
        end(true);
    }

    // ---- TLS

    private void secure() throws IOException {
        if (opening != null) opening.step();
    }

    /** Called when the TLS handshake is complete. */
    void secured(Wire encrypted, PeerIdentity shown) throws IOException {
        connection.secure(encrypted);
        peer = shown;
        if (shown.extended() || gate.options().requireName()) greet();
        else {
            state = State.DECIDING;
            claim(ClientRequest.base(client, gate.nameless()));
        }
    }

    /** Called when the TLS handshake has failed. The client may be reading an alert, which a TCP reset would destroy. */
    void insecure(Wire encrypted, String why) {
        reporter.refusedUnheard(why);
        reporter.suspicious(SecurityEvent.TLS_FAILED);
        connection.secure(encrypted);
        linger();
    }

    /** Called when the TLS handshake cannot continue. */
    void turnAway(String why) {
        reporter.refusedUnheard(why);
        end(false);
    }

    // ---- the lines

    private void greet() throws IOException {
        if (gate.server().isClosing()) {
            refuseNewcomer();
            return;
        }
        byte[] nonce = new byte[NONCE];
        gate.server().random().nextBytes(nonce);
        ControlLine hello = ControlLine.of("HELLO").with(HexFormat.of().formatHex(nonce));
        if (gate.options().requireName()) hello = hello.with("auth");
        connection.send(hello.encode());
        reading = new RequestLine(hello.toString());
        state = State.READING;
        read();
    }

    private void read() throws IOException {
        RequestLine request = reading;
        if (request == null) return;
        try {
            if (!request.read(connection.wire())) {
                connection.awaitInput();
                return;
            }
            interest(0);
            connection.within(Gate.DECISION, this::refuseUndecided);
            state = State.DECIDING;
            decide(request.parse(), request.hello());
        } catch (ClientLine.BadRequest e) {
            refuse(Refusal.REQUEST, "bad-request", String.valueOf(e.getMessage()));
        }
    }

    private void refuseUndecided() {
        refuse(Refusal.FAILURE, "internal", "the server took too long to decide");
    }

    private void decide(ClientLine line, String hello) {
        Identification identification = new Identification(gate, line, hello, newcomer.site(), peer);
        String name = identification.name();
        if (name == null) {
            if (gate.options().requireName()) {
                refuse(Refusal.IDENTITY, "auth-required", "this server requires a name and a key");
            } else claim(line.request(client, null, gate.nameless()));
            return;
        }
        reporter.claims(name);
        revocable = gate.revocations().add(name, () -> loop.execute(this::revoked));
        identification.begin(answer -> later(() -> identified(line, name, answer)));
    }

    private void identified(ClientLine line, String name, Identification.Answer answer) {
        if (state != State.DECIDING) return; // too late
        ClientLimits limits = answer.limits();
        ControlRefusal refusal = answer.refusal();
        if (limits != null) claim(line.request(client, name, limits));
        else if (refusal != null) {
            Refusal reason = refusal.code().equals("internal") ? Refusal.FAILURE : Refusal.IDENTITY;
            refuse(reason, refusal.code(), refusal.text());
        }
    }

    private void revoked() {
        if (state == State.DECIDING) refuse(Refusal.IDENTITY, "auth-failed", Identification.FAILED);
    }

    // ---- the tunnel

    private void claim(ClientRequest request) {
        if (gate.server().isClosing()) refuseNewcomer();
        else if (!ticket.decide())
            refuse(Refusal.PENDING, "registry-unavailable", "too many clients wait for the answer of this server");
        else if (!waitsForStore(request)) gate.server().tunnels().claim(request, ticket, loop, this);
        else {
            connection.within(Gate.DECISION, this::refuseUndecided);
            turn = gate.turns().take(() -> loop.execute(() -> safely(() -> claimNow(request))));
        }
    }

    /** Returns whether the claim asks the store of a cluster. A connection that joins a tunnel of this node does not. */
    private boolean waitsForStore(ClientRequest request) {
        Cluster cluster = gate.server().cluster();
        String join = request.join();
        return cluster != null && (join == null || cluster.tunnel(Lease.tunnelOf(join)) == null);
    }

    private void claimNow(ClientRequest request) {
        if (state != State.DECIDING) return; // it has waited too long, or is gone
        connection.within(Gate.DECISION, this::refuseUndecided);
        gate.server().tunnels().claim(request, ticket, loop, this);
    }

    /** The client is answered, or has left. The claim may go on, until the store has answered. */
    private void endTurn() {
        if (turn != null) turn.end();
        turn = null;
    }

    @Override
    public void granted(TunnelGrant grant) {
        endTurn();
        if (state != State.DECIDING) {
            grant.withdraw();
            return;
        }
        ticket.decided();
        try {
            connection.send(
                    reading == null
                            ? PortLine.encode(grant.port())
                            : grant.line().encode());
            connection.wire().flush(); // the rest follows with the first frames
        } catch (IOException e) {
            log.debug(
                    "relay server: client {} disconnected before it had its tunnel: {}",
                    Sockets.text(client),
                    e.toString());
            grant.abandon();
            end(false);
            return;
        }
        connection.stopTimer();
        state = State.OVER;
        grant.start(connection.wire());
        Revocations.Entry entry = revocable;
        if (entry == null) return;
        // At once, if the name was revoked during the claim. A later Tunnels.revoke finds the tunnel, even if the
        // connection has yet to start on another loop: a tunnel that was closed refuses it.
        entry.onRevoke(() -> gate.server().tunnels().revoke(entry.name()));
        entry.remove();
    }

    @Override
    public void refused(ControlRefusal refusal) {
        if (state == State.DECIDING) answer(refusal);
    }

    // ---- the end without a tunnel

    private void refuse(Refusal reason, String code, String text) {
        if (state == State.OVER) return;
        reporter.refused(reason, code, text);
        answer(new ControlRefusal(code, text));
    }

    private void refuseNewcomer() {
        refuse(Refusal.DRAINING, ControlRefusal.DRAINING.code(), ControlRefusal.DRAINING.text());
    }

    private void answer(ControlRefusal refusal) {
        endTurn();
        ticket.decided();
        safely(() -> {
            connection.send(PortLine.encodeError(refusal.code(), refusal.text()));
            if (connection.isRegistered()) linger();
            else end(false); // a client of the base protocol has sent nothing that could cause a reset
        });
    }

    /** Ends our direction, and waits a moment for the client to end its own. */
    private void linger() {
        state = State.REFUSED;
        connection.within(LingeringClose.PATIENCE, () -> end(false));
        safely(this::closeGently);
    }

    private void closeGently() throws IOException {
        if (connection.linger()) end(false);
    }

    private void end(boolean reset) {
        if (state == State.OVER) return;
        state = State.OVER;
        endTurn();
        ticket.leave();
        if (revocable != null) revocable.remove();
        connection.close(reset); // first, or the end of TLS would come before the reset
        if (opening != null) opening.close();
    }

    @Override
    public String toString() {
        return "handshake with " + Sockets.text(client);
    }
}
