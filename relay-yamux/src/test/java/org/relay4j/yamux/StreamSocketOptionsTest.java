package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.util.Set;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.LeakCheck;

/** Programs set options by habit: a stream's socket takes and answers all that a TCP socket does. */
class StreamSocketOptionsTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void settersAreTakenAndAnswered(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            Socket socket = pair.here;
            for (boolean on : new boolean[] {true, false}) {
                socket.setTcpNoDelay(on);
                assertEquals(on, socket.getTcpNoDelay());
                socket.setKeepAlive(on);
                assertEquals(on, socket.getKeepAlive());
                socket.setOOBInline(on);
                assertEquals(on, socket.getOOBInline());
                socket.setReuseAddress(on);
                assertEquals(on, socket.getReuseAddress());
            }
            socket.setSoLinger(true, 5);
            assertEquals(5, socket.getSoLinger());
            socket.setSoLinger(false, 5);
            assertEquals(-1, socket.getSoLinger());
            socket.setSoTimeout(1234);
            assertEquals(1234, socket.getSoTimeout());
            socket.setTrafficClass(0x10);
            assertEquals(0x10, socket.getTrafficClass());
            socket.setSendBufferSize(50_000);
            assertTrue(socket.getSendBufferSize() >= 50_000);
            socket.setReceiveBufferSize(60_000);
            assertTrue(socket.getReceiveBufferSize() >= 60_000);
            socket.setPerformancePreferences(1, 2, 3);
        }
    }

    @ParameterizedTest
    @EnumSource
    void newOnesHaveDefaults(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            Socket socket = pair.here;
            assertFalse(socket.getKeepAlive());
            assertFalse(socket.getOOBInline());
            assertEquals(-1, socket.getSoLinger());
            assertEquals(0, socket.getSoTimeout());
            assertTrue(socket.getSendBufferSize() > 0);
            assertTrue(socket.getReceiveBufferSize() > 0);
            assertEquals(0, socket.getTrafficClass());
        }
    }

    @ParameterizedTest
    @EnumSource
    void badValuesAreRefused(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            Socket socket = pair.here;
            assertThrows(IllegalArgumentException.class, () -> socket.setSoLinger(true, -1));
            assertThrows(IllegalArgumentException.class, () -> socket.setSendBufferSize(0));
            assertThrows(IllegalArgumentException.class, () -> socket.setReceiveBufferSize(-1));
            assertThrows(IllegalArgumentException.class, () -> socket.setTrafficClass(256));
        }
    }

    @ParameterizedTest
    @EnumSource
    void optionsByNameAreTheSameOnes(SocketPair.Kind kind) throws Exception {
        try (SocketPair pair = SocketPair.of(kind)) {
            Socket socket = pair.here;
            Set<SocketOption<?>> supported = socket.supportedOptions();
            assertTrue(supported.containsAll(Set.of(
                    StandardSocketOptions.TCP_NODELAY,
                    StandardSocketOptions.SO_KEEPALIVE,
                    StandardSocketOptions.SO_LINGER,
                    StandardSocketOptions.SO_RCVBUF,
                    StandardSocketOptions.SO_SNDBUF,
                    StandardSocketOptions.SO_REUSEADDR,
                    StandardSocketOptions.IP_TOS)));
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            assertTrue(socket.getTcpNoDelay());
            socket.setKeepAlive(true);
            assertEquals(true, socket.getOption(StandardSocketOptions.SO_KEEPALIVE));
            socket.setOption(StandardSocketOptions.SO_LINGER, 3);
            assertEquals(3, socket.getSoLinger());
            socket.setOption(StandardSocketOptions.SO_LINGER, -1);
            assertEquals(-1, socket.getSoLinger());
            for (SocketOption<?> option : supported) socket.getOption(option);
            assertThrows(
                    UnsupportedOperationException.class,
                    () -> socket.getOption(StandardSocketOptions.IP_MULTICAST_LOOP));
            socket.close();
            assertThrows(SocketException.class, () -> socket.getOption(StandardSocketOptions.TCP_NODELAY));
            assertThrows(SocketException.class, () -> socket.setOption(StandardSocketOptions.TCP_NODELAY, true));
        }
    }
}
