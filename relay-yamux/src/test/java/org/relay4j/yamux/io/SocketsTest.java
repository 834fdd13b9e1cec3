package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Transport;

class SocketsTest {
    @TempDir
    Path folder;

    @Test
    void vanishedPeersAreLookedForByTcpKeepAlive() throws IOException {
        List<SocketChannel> ends = Transport.sockets();
        try (SocketChannel channel = ends.get(0);
                SocketChannel other = ends.get(1)) {
            assertFalse(other.getOption(StandardSocketOptions.SO_KEEPALIVE)); // the default of the system
            Sockets.configure(channel);
            assertFalse(channel.isBlocking());
            assertTrue(channel.getOption(StandardSocketOptions.TCP_NODELAY));
            assertTrue(channel.getOption(StandardSocketOptions.SO_KEEPALIVE));
            assumeTrue(channel.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE));
            assertEquals(60, channel.getOption(ExtendedSocketOptions.TCP_KEEPIDLE));
            assertEquals(10, channel.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL));
            assertEquals(6, channel.getOption(ExtendedSocketOptions.TCP_KEEPCOUNT));
        }
    }

    @Test
    void unixDomainSocketNeedsNoneOfThat() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("socket"));
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(address);
            try (SocketChannel client = SocketChannel.open(address);
                    SocketChannel accepted = listener.accept()) {
                Sockets.configure(client);
                Sockets.configure(accepted);
                assertFalse(client.isBlocking());
                assertEquals(address.toString(), Sockets.peer(client));
                assertEquals("an unnamed Unix-domain socket", Sockets.peer(accepted));
                Sockets.reset(accepted);
                assertFalse(accepted.isOpen());
            }
        } finally {
            Files.deleteIfExists(address.getPath());
        }
    }

    @Test
    void addressesAreReadable() throws IOException {
        InetAddress four = InetAddress.getByAddress("some.host", new byte[] {(byte) 192, 0, 2, 1});
        assertEquals("192.0.2.1:80", Sockets.text(new InetSocketAddress(four, 80)));
        byte[] loopback = new byte[16];
        loopback[15] = 1;
        InetAddress six = InetAddress.getByAddress(loopback);
        assertEquals("[0:0:0:0:0:0:0:1]:80", Sockets.text(new InetSocketAddress(six, 80)));
        assertEquals("0.0.0.0:80", Sockets.text(new InetSocketAddress(80)));
        assertEquals("some.host:80", Sockets.text(InetSocketAddress.createUnresolved("some.host", 80)));
    }
}
