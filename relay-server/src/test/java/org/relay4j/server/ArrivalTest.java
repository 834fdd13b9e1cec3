package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ArrivalTest {
    /** The kernel closes the sockets of a killed process; the visitor has sent all it wanted, and waits for the reply. */
    @Test
    void visitorThatWaitsIsResetIfTheProcessIsKilled() throws Exception {
        try (ServerSocketChannel port = ServerSocketChannel.open()) {
            port.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            InetSocketAddress address = (InetSocketAddress) port.getLocalAddress();
            try (Socket visitor = new Socket(address.getAddress(), address.getPort())) {
                visitor.shutdownOutput();
                Arrival arrival = new Arrival(port.accept(), address, null);
                arrival.mayWait();
                arrival.channel().close();
                assertThrows(
                        SocketException.class, () -> visitor.getInputStream().read());
            }
        }
    }
}
