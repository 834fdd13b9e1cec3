package org.relay4j.client.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Options of an accepted socket. */
class OptionsTest extends ConnectedConformance {
    private static final Set<SocketOption<?>> STANDARD = Set.of(
            StandardSocketOptions.TCP_NODELAY,
            StandardSocketOptions.SO_KEEPALIVE,
            StandardSocketOptions.SO_LINGER,
            StandardSocketOptions.SO_RCVBUF,
            StandardSocketOptions.SO_SNDBUF,
            StandardSocketOptions.SO_REUSEADDR,
            StandardSocketOptions.SO_REUSEPORT,
            StandardSocketOptions.IP_TOS);

    @Test
    void newOnesHaveDefaults() throws IOException {
        assertEquals(0, accepted.getSoTimeout());
        assertEquals(-1, accepted.getSoLinger());
        assertFalse(accepted.getKeepAlive());
        assertFalse(accepted.getOOBInline());
        assertEquals(0, accepted.getTrafficClass());
        assertEquals(differs(Difference.NO_DELAY), accepted.getTcpNoDelay());
        assertTrue(accepted.getReceiveBufferSize() > 0);
        assertTrue(accepted.getSendBufferSize() > 0);
    }

    @Test
    void switchesAreTakenAndAnswered() throws IOException {
        for (boolean on : new boolean[] {true, false, true}) {
            accepted.setTcpNoDelay(on);
            assertEquals(on, accepted.getTcpNoDelay());
            accepted.setKeepAlive(on);
            assertEquals(on, accepted.getKeepAlive());
            accepted.setReuseAddress(on);
            assertEquals(on, accepted.getReuseAddress());
            accepted.setOOBInline(on);
            assertEquals(on, accepted.getOOBInline());
        }
    }

    @Test
    void numbersAreTakenAndAnswered() throws IOException {
        accepted.setSoTimeout(1234);
        assertEquals(1234, accepted.getSoTimeout());
        accepted.setTrafficClass(0x10);
        assertEquals(0x10, accepted.getTrafficClass());
        accepted.setReceiveBufferSize(60_000);
        assertTrue(accepted.getReceiveBufferSize() >= 60_000);
        accepted.setSendBufferSize(50_000);
        assertTrue(accepted.getSendBufferSize() >= 50_000);
        accepted.setPerformancePreferences(3, 2, 1);
    }

    @Test
    void lingerHasALimitAndCanBeTurnedOff() throws IOException {
        accepted.setSoLinger(true, 7);
        assertEquals(7, accepted.getSoLinger());
        accepted.setSoLinger(false, 9);
        assertEquals(-1, accepted.getSoLinger());
        accepted.setSoLinger(true, 70_000);
        assertEquals(65_535, accepted.getSoLinger());
        accepted.setSoLinger(true, 0);
        assertEquals(0, accepted.getSoLinger());
        accepted.setOption(StandardSocketOptions.SO_LINGER, 70_000);
        assertEquals(65_535, accepted.getSoLinger());
        accepted.setOption(StandardSocketOptions.SO_LINGER, -5);
        assertEquals(-1, accepted.getSoLinger());
    }

    @Test
    void optionsByNameAreTheSameOnes() throws IOException {
        accepted.setOption(StandardSocketOptions.TCP_NODELAY, false);
        assertFalse(accepted.getTcpNoDelay());
        accepted.setTcpNoDelay(true);
        assertEquals(true, accepted.getOption(StandardSocketOptions.TCP_NODELAY));
        accepted.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        assertTrue(accepted.getKeepAlive());
        accepted.setOption(StandardSocketOptions.SO_LINGER, 3);
        assertEquals(3, accepted.getSoLinger());
        assertEquals(3, accepted.getOption(StandardSocketOptions.SO_LINGER));
        accepted.setOption(StandardSocketOptions.IP_TOS, 8);
        assertEquals(8, accepted.getTrafficClass());
        accepted.setOption(StandardSocketOptions.SO_RCVBUF, 60_000);
        assertTrue(accepted.getReceiveBufferSize() >= 60_000);
        accepted.setOption(StandardSocketOptions.SO_SNDBUF, 50_000);
        assertTrue(accepted.getSendBufferSize() >= 50_000);
    }

    @Test
    void supportedOnesHaveValues() throws IOException {
        Set<SocketOption<?>> supported = accepted.supportedOptions();
        assertTrue(supported.containsAll(STANDARD));
        assertThrows(UnsupportedOperationException.class, supported::clear);
        for (SocketOption<?> option : STANDARD) {
            assertTrue(option.type().isInstance(accepted.getOption(option)), option::name);
        }
        assertEquals(differs(Difference.PLATFORM_OPTIONS), supported.equals(STANDARD));
    }

    @Test
    void othersAreRefused() {
        SocketOption<Boolean> other = StandardSocketOptions.IP_MULTICAST_LOOP;
        assertThrows(UnsupportedOperationException.class, () -> accepted.getOption(other));
        assertThrows(UnsupportedOperationException.class, () -> accepted.setOption(other, true));
        assertThrows(NullPointerException.class, () -> accepted.getOption(null));
        assertThrows(NullPointerException.class, () -> accepted.setOption(null, true));
    }

    @Test
    void badValuesAreRefused() throws IOException {
        List<Executable> calls = List.of(
                () -> accepted.setSoTimeout(-1),
                () -> accepted.setSoLinger(true, -1),
                () -> accepted.setReceiveBufferSize(0),
                () -> accepted.setSendBufferSize(-1),
                () -> accepted.setTrafficClass(256),
                () -> accepted.setTrafficClass(-1),
                () -> accepted.setOption(StandardSocketOptions.SO_RCVBUF, -1),
                () -> accepted.setOption(StandardSocketOptions.SO_SNDBUF, -1),
                () -> accepted.setOption(StandardSocketOptions.IP_TOS, 256),
                () -> accepted.setOption(StandardSocketOptions.IP_TOS, -1));
        for (Executable call : calls) assertThrows(IllegalArgumentException.class, call);
        assertEquals(-1, accepted.getSoLinger());
        assertEquals(0, accepted.getTrafficClass());
    }

    @Test
    void closedOneRefusesAll() throws IOException {
        accepted.close();
        List<Executable> calls = List.of(
                accepted::getSoTimeout,
                accepted::getSoLinger,
                accepted::getTcpNoDelay,
                accepted::getKeepAlive,
                accepted::getReuseAddress,
                accepted::getOOBInline,
                accepted::getReceiveBufferSize,
                accepted::getSendBufferSize,
                accepted::getTrafficClass,
                () -> accepted.setSoTimeout(1),
                () -> accepted.setSoLinger(true, 1),
                () -> accepted.setTcpNoDelay(true),
                () -> accepted.setKeepAlive(true),
                () -> accepted.setReuseAddress(true),
                () -> accepted.setOOBInline(true),
                () -> accepted.setReceiveBufferSize(4096),
                () -> accepted.setSendBufferSize(4096),
                () -> accepted.setTrafficClass(8),
                () -> accepted.getOption(StandardSocketOptions.TCP_NODELAY),
                () -> accepted.setOption(StandardSocketOptions.TCP_NODELAY, true),
                () -> accepted.sendUrgentData(1));
        for (Executable call : calls) assertThrows(SocketException.class, call);
        assertTrue(accepted.supportedOptions().containsAll(STANDARD));
    }

    @Test
    void urgentData() throws IOException {
        visitor.setOOBInline(true);
        if (differs(Difference.URGENT_DATA)) {
            assertThrows(SocketException.class, () -> accepted.sendUrgentData('!'));
            accepted.getOutputStream().write('?');
            assertEquals('?', visitor.getInputStream().read());
        } else {
            accepted.sendUrgentData('!');
            assertEquals('!', visitor.getInputStream().read());
        }
    }
}
