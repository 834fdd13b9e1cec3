package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Call;

class AdmissionTest {
    @Test
    void tunnelsAreBoundedInAll() {
        Admission admission =
                new Admission(RelayServerOptions.builder().maxTunnels(2).build());
        assertNull(admission.enter(address(1)));
        assertNull(admission.enter(address(2)));
        assertEquals("the server has its 2 tunnels", admission.enter(address(3)));
        admission.leave(address(1), false);
        assertNull(admission.enter(address(3)));
        assertNotNull(admission.enter(address(1)));
    }

    @Test
    void tunnelsOfAnAddressAreBounded() {
        Admission admission = new Admission(
                RelayServerOptions.builder().maxTunnelsPerAddress(2).build());
        assertNull(admission.enter(address(1)));
        assertNull(admission.enter(address(1)));
        assertEquals("your address has its 2 tunnels", admission.enter(address(1)));
        assertNull(admission.enter(address(2)));
        admission.leave(address(1), false);
        assertNull(admission.enter(address(1)));
        assertNotNull(admission.enter(address(1)));
    }

    @Test
    void addressesOfOneIpv6NetworkCountTogether() throws UnknownHostException {
        Admission admission = new Admission(
                RelayServerOptions.builder().maxTunnelsPerAddress(2).build());
        InetAddress one = InetAddress.getByName("2001:db8:1:2::1");
        InetAddress two = InetAddress.getByName("2001:db8:1:2:ffff:ffff:ffff:ffff");
        assertNull(admission.enter(one));
        assertNull(admission.enter(two));
        assertEquals("your address has its 2 tunnels", admission.enter(InetAddress.getByName("2001:db8:1:2::3")));
        assertNull(admission.enter(InetAddress.getByName("2001:db8:1:3::1")));
        admission.leave(two, false);
        assertNull(admission.enter(one));
    }

    @Test
    void silentClientsOfAnAddressAreBounded() {
        Admission admission = new Admission(
                RelayServerOptions.builder().maxPendingPerAddress(3).build());
        for (int i = 0; i < 3; i++) assertNull(admission.enter(address(1)));
        assertNotNull(admission.enter(address(1)));
        assertNull(admission.enter(address(2)));
        admission.established(address(1));
        assertNull(admission.enter(address(1)));
        assertNotNull(admission.enter(address(1)));
        admission.leave(address(1), false);
        assertNull(admission.enter(address(1)));
        assertNotNull(admission.enter(address(1)));
    }

    @Test
    void silentClientsAreBoundedInAll() {
        Admission admission =
                new Admission(RelayServerOptions.builder().maxPending(3).build());
        for (int i = 0; i < 3; i++) assertNull(admission.enter(address(i)));
        assertNotNull(admission.enter(address(1_000)));
        admission.established(address(0));
        assertNull(admission.enter(address(1_000)));
        assertNotNull(admission.enter(address(1_001)));
    }

    @Test
    void tunnelThatWasEstablishedIsNotCountedAsSilentTwice() {
        Admission admission = new Admission(RelayServerOptions.builder()
                .maxTunnelsPerAddress(1_000)
                .maxPendingPerAddress(3)
                .build());
        for (int i = 0; i < 1_000; i++) {
            assertNull(admission.enter(address(1)));
            admission.established(address(1));
            admission.leave(address(1), true);
        }
        for (int i = 0; i < 3; i++) assertNull(admission.enter(address(1)));
        assertNotNull(admission.enter(address(1)));
    }

    @Test
    void refusedClientIsNotCounted() {
        Admission admission =
                new Admission(RelayServerOptions.builder().maxTunnels(1).build());
        assertNull(admission.enter(address(1)));
        for (int i = 0; i < 1_000; i++) assertNotNull(admission.enter(address(2)));
        admission.leave(address(1), false);
        assertNull(admission.enter(address(2)));
    }

    @Test
    void visitorsAreBoundedInAll() {
        Admission admission =
                new Admission(RelayServerOptions.builder().maxVisitors(2).build());
        assertTrue(admission.enterVisitor());
        assertTrue(admission.enterVisitor());
        assertFalse(admission.enterVisitor());
        assertEquals(2, admission.visitors());
        admission.leaveVisitor();
        assertEquals(1, admission.visitors());
        assertTrue(admission.enterVisitor());
        assertFalse(admission.enterVisitor());
    }

    @Test
    void boundHoldsWhenSeveralThreadsEnter() {
        Admission admission = new Admission(RelayServerOptions.builder()
                .maxTunnels(50)
                .maxTunnelsPerAddress(50)
                .maxVisitors(50)
                .build());
        AtomicInteger tunnels = new AtomicInteger();
        AtomicInteger visitors = new AtomicInteger();
        List<Call<Void>> calls = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            calls.add(Call.run(() -> {
                for (int i = 0; i < 100; i++) {
                    if (admission.enter(address(1)) == null) tunnels.incrementAndGet();
                    if (admission.enterVisitor()) visitors.incrementAndGet();
                }
            }));
        }
        calls.forEach(Call::result);
        assertEquals(50, tunnels.get());
        assertEquals(50, visitors.get());
        assertEquals(50, admission.visitors());
    }

    private static InetAddress address(int number) {
        try {
            return InetAddress.getByAddress(new byte[] {10, 0, (byte) (number >> 8), (byte) number});
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
