package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainTrafficTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.3.2.1", "::1", "0.0.0.0", "::"})
    void loopbackStays(String address) throws Exception {
        assertFalse(PlainTraffic.leavesThisMachine(InetAddress.getByName(address)));
    }

    @Test
    void addressesOfThisMachineStay() throws SocketException {
        List<InetAddress> own = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .toList();
        assertFalse(own.isEmpty());
        for (InetAddress address : own) assertFalse(PlainTraffic.leavesThisMachine(address), address::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1", "198.51.100.7", "2001:db8::1"})
    void otherAddressesLeave(String address) throws Exception {
        assertTrue(PlainTraffic.leavesThisMachine(InetAddress.getByName(address)));
    }

    @Test
    void optionsDecide() throws Exception {
        InetAddress elsewhere = InetAddress.getByName("192.0.2.1");
        RelayClientOptions plain = RelayClientOptions.defaults();
        assertTrue(PlainTraffic.isExposed(plain, elsewhere));
        assertFalse(PlainTraffic.isExposed(plain, InetAddress.getLoopbackAddress()));
        RelayClientOptions encrypted =
                plain.toBuilder().tls(ClientTls.systemTrust()).build();
        assertFalse(PlainTraffic.isExposed(encrypted, elsewhere));
        RelayClientOptions decided = plain.toBuilder().allowPlainIdentity(true).build();
        assertFalse(PlainTraffic.isExposed(decided, elsewhere));
    }

    @Test
    void anAddressThatOnlyAProxyKnowsIsElsewhere() {
        assertTrue(PlainTraffic.leavesThisMachine(null));
    }
}
