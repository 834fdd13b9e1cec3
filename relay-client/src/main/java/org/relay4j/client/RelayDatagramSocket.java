package org.relay4j.client;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.DatagramStream;

/**
 * A public UDP port of a relay server as a {@link DatagramSocket}: {@link #receive} returns the datagrams of all visitors with their
 * addresses, and {@link #send} sends to a visitor.
 *
 * <pre>{@code
 * RelayClientOptions secure = RelayClientOptions.builder()
 *         .tls(ClientTls.pinned(fingerprint))
 *         .identity(ClientIdentity.ofFile("web-1", keyFile))
 *         .build();
 * try (RelayTunnel tunnel = RelayClient.open("secure.example.com", 7000, secure);
 *         RelayDatagramSocket socket = tunnel.datagrams(Endpoint.udpPort(17000))) {
 *     DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
 *     while (true) {
 *         socket.receive(packet);
 *         socket.send(packet); // to its visitor, whose address the packet has
 *     }
 * }
 * }</pre>
 *
 * <p>As with any UDP socket, datagrams may be lost and the sender is not notified. In particular:
 *
 * <ul>
 *   <li>Received datagrams wait until they are read, up to 1 MiB. Newer ones displace older ones.
 *   <li>A datagram can be sent only to a visitor that has sent one before, and only until the server forgets it, by default 60 s after its
 *       latest datagram. To any other address it is dropped.
 *   <li>While the tunnel is down, datagrams are dropped. The socket stays open.
 * </ul>
 *
 * {@link #droppedDatagrams} counts these. {@code receive} uses all of the packet's buffer after its offset, and the rest of a
 * larger datagram is lost. The socket cannot be connected, and cannot join a multicast group. It has no channel, and options of
 * the operating system have no effect.
 *
 * <p>Safe for use by several threads. {@code receive} waits as long as {@link #setSoTimeout} allows; nothing else blocks.
 */
public final class RelayDatagramSocket extends DatagramSocket {
    private final DatagramVisitors visitors;
    private final ServedEndpoint served;
    private volatile int timeout; // ms; 0: no limit
    private volatile boolean closed;

    RelayDatagramSocket(DatagramVisitors visitors, ServedEndpoint served) {
        super(new NoSocket());
        this.visitors = visitors;
        this.served = served;
        served.whenOver(cause -> end()); // also with the tunnel
    }

    /** Returns the endpoint, as the server has granted it, which may change with a reconnect. */
    public Endpoint endpoint() {
        return served.endpoint();
    }

    /** Returns the address for visitors. It may change when the tunnel is re-established. */
    public InetSocketAddress publicAddress() {
        return served.publicAddress();
    }

    /** Returns the number of datagrams that this socket has dropped, in either direction. */
    public long droppedDatagrams() {
        return visitors.dropped();
    }

    /**
     * Waits for a datagram, and fills the packet with it and the address of its visitor.
     *
     * @throws java.net.SocketTimeoutException if none has arrived within {@link #getSoTimeout}
     * @throws SocketException if the socket is closed, also while this method waits
     * @throws java.io.InterruptedIOException if the thread is interrupted
     */
    @Override
    public void receive(DatagramPacket packet) throws IOException {
        DatagramVisitors.Datagram datagram = visitors.receive(timeout);
        byte[] buffer = packet.getData();
        int offset = packet.getOffset();
        int length = Math.min(datagram.bytes().length, buffer.length - offset);
        System.arraycopy(datagram.bytes(), 0, buffer, offset, length);
        packet.setData(buffer, offset, length);
        packet.setSocketAddress(datagram.from());
    }

    /**
     * Sends a datagram to the visitor whose address it has. It does not block.
     *
     * @throws IllegalArgumentException if the packet has no address, or is longer than 65,507 bytes
     * @throws SocketException if the socket is closed
     */
    @Override
    public void send(DatagramPacket packet) throws IOException {
        if (packet.getAddress() == null) throw new IllegalArgumentException("the packet has no address");
        if (packet.getLength() > DatagramStream.LARGEST) {
            throw new IllegalArgumentException(
                    "the packet has " + packet.getLength() + " bytes, it may have at most " + DatagramStream.LARGEST);
        }
        visitors.send(
                ByteBuffer.wrap(packet.getData(), packet.getOffset(), packet.getLength()),
                new InetSocketAddress(packet.getAddress(), packet.getPort()));
    }

    /** Gives the public port back. Threads that wait in {@link #receive} are released. Also happens when the tunnel ends for good. */
    @Override
    public void close() {
        end();
        served.closeNow();
    }

    private void end() {
        closed = true;
        visitors.close();
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void setSoTimeout(int millis) throws SocketException {
        if (millis < 0) throw new IllegalArgumentException("timeout is " + millis + ", it must not be negative");
        if (closed) throw new SocketException("the socket is closed");
        timeout = millis;
    }

    @Override
    public int getSoTimeout() throws SocketException {
        if (closed) throw new SocketException("the socket is closed");
        return timeout;
    }

    /** Has no effect: the server has bound the port. */
    @Override
    public void bind(SocketAddress address) {}

    @Override
    public boolean isBound() {
        return true;
    }

    /** Returns the public port; -1 if the socket is closed. */
    @Override
    public int getLocalPort() {
        return closed ? -1 : publicAddress().getPort();
    }

    /** Returns the address for visitors; null if the socket is closed. */
    @Override
    public @Nullable SocketAddress getLocalSocketAddress() {
        return closed ? null : publicAddress();
    }

    /** Returns the host for visitors; null if the socket is closed, or its name is not resolved. */
    @Override
    public @Nullable InetAddress getLocalAddress() {
        return closed ? null : publicAddress().getAddress();
    }

    /** @throws UnsupportedOperationException always, because the socket serves all visitors */
    @Override
    public void connect(InetAddress address, int port) {
        throw new UnsupportedOperationException(
                "the socket of a public port serves all visitors, it cannot be connected");
    }

    /** @throws UnsupportedOperationException always, because the socket serves all visitors */
    @Override
    public void connect(SocketAddress address) {
        throw new UnsupportedOperationException(
                "the socket of a public port serves all visitors, it cannot be connected");
    }

    @Override
    public String toString() {
        return "RelayDatagramSocket[" + endpoint() + ", " + HostPort.text(publicAddress()) + "]";
    }
}
