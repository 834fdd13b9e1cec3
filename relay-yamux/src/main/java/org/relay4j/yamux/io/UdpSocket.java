package org.relay4j.yamux.io;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket on a loop. Nothing is queued here: the kernel drops what it has no room for. Loop thread only, except for {@link
 * #send} and {@link #address}.
 */
public final class UdpSocket implements Loop.Handler {
    /** Receives datagrams. Called on the loop. */
    public interface Owner {
        /** A datagram has arrived. It is between position and limit, and valid until this method returns. */
        void received(ByteBuffer datagram, InetSocketAddress from);

        /** The socket has failed. It stays open: for a connected one, this may be an answer that nobody listens there. */
        void failed(IOException failure);
    }

    /** What the kernel keeps until the loop reads it, if it allows as much. Unit: bytes. */
    private static final int KERNEL_BUFFER = 1 << 20;

    /** Few, so that sessions get their turn during a flood. */
    private static final int READS_PER_PASS = 64;

    private Loop loop;
    private final DatagramChannel channel;
    private final Owner owner;
    private final InetSocketAddress address;

    private UdpSocket(Loop loop, DatagramChannel channel, Owner owner) throws IOException {
        this.loop = loop;
        this.channel = channel;
        this.owner = owner;
        address = (InetSocketAddress) channel.getLocalAddress();
    }

    /** Binds a socket, which reserves the port. It receives datagrams after {@link #start}. */
    public static UdpSocket bind(Loop loop, InetSocketAddress local, Owner owner) throws IOException {
        return open(loop, DatagramChannel.open(), local, null, owner);
    }

    /** Opens a socket on any free port that exchanges datagrams with one address only. It receives them after {@link #start}. */
    public static UdpSocket connect(Loop loop, InetSocketAddress remote, Owner owner) throws IOException {
        // A socket for both families would need a system call more for each datagram.
        InetAddress host = remote.getAddress();
        StandardProtocolFamily family =
                host instanceof Inet6Address ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
        return open(loop, DatagramChannel.open(family), null, remote, owner);
    }

    private static UdpSocket open(
            Loop loop,
            DatagramChannel channel,
            @Nullable InetSocketAddress local,
            @Nullable InetSocketAddress remote,
            Owner owner)
            throws IOException {
        boolean opened = false;
        try {
            channel.configureBlocking(false);
            if (local != null) {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, KERNEL_BUFFER);
                channel.setOption(StandardSocketOptions.SO_SNDBUF, KERNEL_BUFFER);
                channel.bind(local);
            }
            if (remote != null) channel.connect(remote);
            opened = true;
            return new UdpSocket(loop, channel, owner);
        } finally {
            if (!opened) Sockets.close(channel);
        }
    }

    /** Starts to receive datagrams. */
    public void start() throws IOException {
        loop.register(channel, SelectionKey.OP_READ, this);
    }

    /**
     * Stops to receive datagrams, until {@link #start} is called on another loop. They wait in the kernel. Has no effect if the socket
     * is on that loop already.
     */
    public void moveTo(Loop other) {
        if (other == loop) return;
        loop.deregister(channel);
        loop = other;
    }

    /** Returns the local address, with the actual port. */
    public InetSocketAddress address() {
        return address;
    }

    /**
     * Sends a datagram. Safe from any thread.
     *
     * @param to the only possible one, for a connected socket
     * @return false if the kernel has no room for it
     * @throws IOException if it cannot be sent, for example because it is too large for the address
     */
    public boolean send(ByteBuffer datagram, InetSocketAddress to) throws IOException {
        int length = datagram.remaining();
        return channel.send(datagram, to) == length;
    }

    @Override
    public void ready(SelectionKey ready) {
        for (int n = READS_PER_PASS; n > 0 && channel.isOpen(); n--) {
            ByteBuffer buffer = loop.readBuffer().clear();
            InetSocketAddress from;
            try {
                from = (InetSocketAddress) channel.receive(buffer);
            } catch (IOException e) {
                owner.failed(e);
                return;
            }
            if (from == null) return;
            owner.received(buffer.flip(), from);
        }
    }

    @Override
    public void abandon(Throwable cause) {
        owner.failed(cause instanceof IOException io ? io : new IOException(String.valueOf(cause), cause));
    }

    /**
     * Stops to receive datagrams, for good, and calls {@code then} once {@link #close} frees the port at once. A socket that is closed
     * while the selector knows it stays open until the next selection.
     */
    public void detach(Runnable then) {
        loop.deregister(channel);
        awaitDetached(then);
    }

    private void awaitDetached(Runnable then) {
        if (channel.isOpen() && channel.isRegistered()) loop.execute(() -> awaitDetached(then)); // a few times
        else then.run();
    }

    /** Closes the socket. Later calls have no effect. */
    public void close() {
        Sockets.close(channel);
    }

    @Override
    public String toString() {
        return "UDP socket " + Sockets.text(address);
    }
}
