package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.PortLine;
import org.relay4j.yamux.io.FirstBytes;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts clients: each is admitted or refused here, then handed to the loop that serves it, where a {@link Handshake} begins.
 */
final class ControlPort implements Listener.Owner {
    private static final Logger log = LoggerFactory.getLogger(ControlPort.class);

    private static final InetSocketAddress THIS_MACHINE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final Gate gate;
    private final RelayServer server;
    private final TrustedProxies proxies;

    ControlPort(Gate gate) {
        this.gate = gate;
        server = gate.server();
        proxies = new TrustedProxies(server, gate.options(), TrustedProxies.MOST_CLIENTS);
    }

    @Override
    public boolean canAccept() {
        return true;
    }

    /** A port that a client has given back is free only after the next selection. */
    @Override
    public int mostInAPass() {
        return 1;
    }

    /** Clients speak, or wait for their port line without ending their direction. */
    @Override
    public boolean servesThoseThatOnlyRead() {
        return false;
    }

    @Override
    public void accepted(SocketChannel channel) {
        begin(channel, false);
    }

    @Override
    public boolean acceptedFromCrowd(SocketChannel channel, boolean mostLeave) {
        return begin(channel, true);
    }

    /**
     * @param crowded whether many come, so that a client is read first
     * @return whether the client has left already, and costs nothing more
     */
    private boolean begin(SocketChannel channel, boolean crowded) {
        InetSocketAddress client;
        ByteBuffer first = null;
        boolean proxied;
        try {
            channel.configureBlocking(false);
            client = client(channel);
            proxied = proxies.contains(client.getAddress());
            if (crowded && !proxied) {
                first = FirstBytes.read(server.controlLoop(), channel);
                if (first == null) {
                    Sockets.close(channel);
                    return true;
                }
            }
            Sockets.configure(channel);
        } catch (IOException e) {
            log.debug("a client has disconnected: {}", e.toString());
            Sockets.close(channel);
            return true;
        }
        try {
            Loop loop = server.loops().next();
            if (!proxied) {
                boolean hasRead = first != null && first.hasRemaining();
                admit(new Newcomer(channel, client, hasRead ? first : null), loop);
            } else
                loop.execute(() -> proxies.read(
                        loop, channel, client, (ready, from, header) -> admit(new Newcomer(ready, from, null), loop)));
        } catch (IOException e) {
            Sockets.reset(channel);
            server.failed(client, "relay server: client {} cannot be served", Sockets.host(client), e);
        }
        return false;
    }

    /** Returns the address of a client. One that has connected to a Unix-domain socket has that of this machine. */
    private static InetSocketAddress client(SocketChannel channel) throws IOException {
        return channel.getRemoteAddress() instanceof InetSocketAddress tcp ? tcp : THIS_MACHINE;
    }

    /**
     * Begins the handshake of a client, or refuses it. On any thread.
     *
     * @param loop serves it, and is the only one with which the channel may be registered
     */
    void admit(Newcomer newcomer, Loop loop) {
        SocketChannel channel = newcomer.channel();
        InetSocketAddress client = newcomer.address();
        if (!gate.options().clientFilter().allows(client.getAddress())) {
            Sockets.reset(channel); // without an answer, which would reveal the protocol to strangers
            server.refused(
                    Refusal.CLIENT_ADDRESS,
                    client,
                    "relay server: client {} refused, its address is not allowed",
                    Sockets.host(client));
            return;
        }
        // A client that may have a lease must get past limits that its own tunnel has reached.
        Admission.Entry entry = gate.isBase()
                ? server.admission().enter(client.getAddress())
                : server.admission().enterUnclaimed(client.getAddress());
        Admission.Ticket evicted = entry.evicted();
        if (evicted != null) evicted.drop();
        if (entry.crowded()) server.security().client(SecurityEvent.LIMIT_REACHED, client, null);
        Admission.Ticket ticket = entry.ticket();
        if (ticket != null) assign(newcomer, ticket, loop);
        else refuse(channel, client, entry.refusal());
    }

    private void refuse(SocketChannel channel, InetSocketAddress client, @Nullable Refusal reason) {
        boolean draining = server.isClosing();
        // No name is known yet.
        ControlRefusal refusal = draining ? ControlRefusal.DRAINING : ControlRefusal.limit(reason, gate.options(), 0);
        Refusal counted = draining ? Refusal.DRAINING : reason;
        if (counted != null) {
            server.refused(
                    counted, client, "relay server: client {} refused: {}", Sockets.host(client), refusal.text());
        }
        if (gate.options().tls() == null) answer(channel, refusal);
        else Sockets.close(channel); // before TLS there is no line
    }

    private void assign(Newcomer newcomer, Admission.Ticket ticket, Loop loop) {
        boolean assigned = false;
        try {
            Handshake handshake = new Handshake(gate, loop, newcomer, ticket);
            assigned = true;
            if (loop.isCurrent()) handshake.begin(); // so it counts as time for accepting
            else loop.execute(handshake::begin);
        } finally {
            if (!assigned) {
                ticket.leave();
                Sockets.reset(newcomer.channel());
            }
        }
    }

    /** Answers with an error line in place of the port, and closes. */
    private static void answer(SocketChannel channel, ControlRefusal refusal) {
        try {
            channel.write(ByteBuffer.wrap(PortLine.encodeError(refusal.code(), refusal.text())));
        } catch (IOException e) {
            log.debug("{} left before it could be refused: {}", channel, e.toString());
        }
        Sockets.close(channel);
    }
}
