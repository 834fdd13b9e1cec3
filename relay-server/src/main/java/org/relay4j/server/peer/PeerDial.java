package org.relay4j.server.peer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/** One attempt to establish a link to another node. On the loop of the link. */
final class PeerDial implements PeerOpening.Steps {
    private final PeerSettings settings;
    private final PeerTasks tasks;
    private final Loop loop;
    private final NodeInfo node;
    private final PeerLine.Request request;
    private final PeerLink link;
    private @Nullable PeerOpening opening;
    private boolean over;

    PeerDial(PeerSettings settings, PeerTasks tasks, Loop loop, NodeInfo node, int number, PeerLink link) {
        this.settings = settings;
        this.tasks = tasks;
        this.loop = loop;
        this.node = node;
        this.link = link;
        request = new PeerLine.Request(settings.cluster(), node.name(), node.incarnation(), number);
    }

    /** Does not call the link before it returns. */
    void start() {
        InetSocketAddress address = node.peerAddress();
        if (!address.isUnresolved()) loop.execute(() -> connect(address));
        else if (!tasks.names().find(address, found -> loop.execute(() -> connect(found)))) {
            loop.execute(() -> failed("too many host names to resolve"));
        }
    }

    private void connect(InetSocketAddress address) {
        if (over) return;
        if (address.isUnresolved()) {
            failed("the host " + address.getHostString() + " is unknown");
            return;
        }
        SocketChannel channel = null;
        try {
            channel = SocketChannel.open();
            Sockets.configure(channel);
            channel.connect(address);
            opening = PeerOpening.dial(settings.tls(), tasks, loop, channel, this);
        } catch (IOException e) {
            if (channel != null) Sockets.close(channel);
            failed("cannot connect: " + e.getMessage());
        }
    }

    @Override
    public void secured(PeerName peer) throws IOException {
        PeerName wanted = new PeerName(settings.cluster(), node.name());
        if (!peer.equals(wanted)) {
            throw new IOException("the certificate at this address is that of " + peer + ", not of " + wanted);
        }
        begun().send(request.encode());
    }

    @Override
    public void received(PeerLine line) throws IOException {
        ControlLine answer = line.parse();
        PeerLine.requireOk(answer);
        over = true;
        link.established(begun().take());
    }

    private PeerOpening begun() {
        PeerOpening made = opening;
        if (made == null) throw new IllegalStateException("not connected");
        return made;
    }

    @Override
    public void failed(String why) {
        if (over) return;
        over = true;
        link.failed(why);
    }

    /** The link is no longer wanted. */
    void cancel() {
        over = true;
        if (opening != null) opening.fail("cancelled");
    }
}
