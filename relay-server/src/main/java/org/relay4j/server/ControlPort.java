package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.PortLine;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts clients: each is admitted or refused here, then handed to the loop that serves it. A failure costs the client that
 * it concerns, whose ticket is given back.
 */
final class ControlPort implements Listener.Owner {
    private static final Logger log = LoggerFactory.getLogger(ControlPort.class);

    private final RelayServer server;
    private final RelayServerOptions options;

    ControlPort(RelayServer server, RelayServerOptions options) {
        this.server = server;
        this.options = options;
    }

    @Override
    public boolean canAccept() {
        return true;
    }

    @Override
    public void accepted(SocketChannel channel) {
        InetSocketAddress client;
        try {
            Sockets.configure(channel);
            client = (InetSocketAddress) channel.getRemoteAddress();
        } catch (IOException e) {
            log.debug("a client has left: {}", e.toString());
            Sockets.close(channel);
            return;
        }
        if (!options.clientFilter().allows(client.getAddress())) {
            Sockets.reset(channel); // without a word: the first line would tell a stranger what this port is
            server.refused(
                    Refusal.CLIENT_ADDRESS,
                    client,
                    "relay server: client {} refused, its address is not allowed",
                    text(client));
            return;
        }
        Admission.Entry entry = server.admission().enter(client.getAddress());
        Admission.Ticket evicted = entry.evicted();
        if (evicted != null) evicted.drop();
        Admission.Ticket ticket = entry.ticket();
        if (ticket != null) assign(channel, client, ticket);
        else refuse(channel, client, entry.refusal());
    }

    private void refuse(SocketChannel channel, InetSocketAddress client, @Nullable Refusal reason) {
        String why = reason == Refusal.TUNNELS_OF_ADDRESS
                ? "your address has reached its limit of " + options.maxTunnelsPerAddress() + " tunnels"
                : "the server has reached its limit of " + options.maxTunnels() + " tunnels";
        if (reason != null) {
            server.refused(reason, client, "relay server: client {} refused: {}", text(client), why);
        }
        answer(channel, "limit-reached", why);
    }

    private void assign(SocketChannel channel, InetSocketAddress client, Admission.Ticket ticket) {
        boolean assigned = false;
        try {
            Loop loop = server.loops().next();
            loop.execute(() -> open(loop, channel, client, ticket));
            assigned = true;
        } catch (IOException e) {
            server.failed(client, "relay server: client {} cannot be served", text(client), e);
        } finally {
            if (!assigned) {
                ticket.leave();
                Sockets.reset(channel);
            }
        }
    }

    /** On the loop that serves the client from now on. */
    private void open(Loop loop, SocketChannel channel, InetSocketAddress client, Admission.Ticket ticket) {
        if (server.isClosing()) {
            ticket.leave();
            Sockets.close(channel);
            return;
        }
        boolean answered = false;
        try {
            ClientRequest request = ClientRequest.base(client, ClientLimits.defaults());
            server.tunnels().claim(request, ticket, loop, new Newcomer(channel, ticket));
            answered = true;
        } catch (RuntimeException | Error e) {
            server.failed(client, "relay server: unexpected failure, client {} was reset", text(client), e);
        } finally {
            if (!answered) {
                ticket.leave();
                Sockets.reset(channel);
            }
        }
    }

    /** A client that waits for the port line. */
    private record Newcomer(SocketChannel channel, Admission.Ticket ticket) implements Claimant {
        @Override
        public void granted(TunnelGrant grant) {
            ByteBuffer line = ByteBuffer.wrap(PortLine.encode(grant.port()));
            boolean written = false;
            try {
                channel.write(line);
                written = !line.hasRemaining(); // the socket buffer is empty
            } catch (IOException e) {
                log.debug("{} left before it had its port: {}", channel, e.toString());
            }
            if (written) {
                grant.start(new PlainWire(channel));
                return;
            }
            grant.abandon();
            ticket.leave();
            Sockets.close(channel);
        }

        @Override
        public void refused(ControlRefusal refusal) {
            ticket.leave();
            answer(channel, refusal.code(), refusal.text());
        }
    }

    /** Answers with an error line in place of the port, and closes. */
    private static void answer(SocketChannel channel, String code, String detail) {
        try {
            channel.write(ByteBuffer.wrap(PortLine.encodeError(code, detail)));
        } catch (IOException e) {
            log.debug("{} left before it could be refused: {}", channel, e.toString());
        }
        Sockets.close(channel);
    }

    private static String text(InetSocketAddress client) {
        return client.getAddress().getHostAddress();
    }
}
