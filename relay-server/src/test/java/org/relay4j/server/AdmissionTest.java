package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Call;

class AdmissionTest {
    @Test
    void tunnelsAreBoundedInAll() {
        Admission admission = admission(options -> options.maxTunnels(2));
        Admission.Ticket first = enter(admission, 1);
        enter(admission, 2);
        assertEquals(Refusal.TUNNELS, refusal(admission, 3));
        first.leave();
        enter(admission, 3);
        assertEquals(Refusal.TUNNELS, refusal(admission, 1));
    }

    @Test
    void tunnelsOfAnAddressAreBounded() {
        Admission admission = admission(options -> options.maxTunnelsPerAddress(2));
        Admission.Ticket first = enter(admission, 1);
        enter(admission, 1);
        assertEquals(Refusal.TUNNELS_OF_ADDRESS, refusal(admission, 1));
        enter(admission, 2);
        first.leave();
        enter(admission, 1);
        assertEquals(Refusal.TUNNELS_OF_ADDRESS, refusal(admission, 1));
    }

    @Test
    void addressesOfOneIpv6NetworkCountTogether() throws UnknownHostException {
        Admission admission = admission(options -> options.maxTunnelsPerAddress(2));
        InetAddress one = InetAddress.getByName("2001:db8:1:2::1");
        InetAddress two = InetAddress.getByName("2001:db8:1:2:ffff:ffff:ffff:ffff");
        assertNotNull(admission.enter(one).ticket());
        Admission.Ticket second = admission.enter(two).ticket();
        assertEquals(
                Refusal.TUNNELS_OF_ADDRESS,
                admission.enter(InetAddress.getByName("2001:db8:1:2::3")).refusal());
        assertNotNull(admission.enter(InetAddress.getByName("2001:db8:1:3::1")).ticket());
        assertNotNull(second);
        second.leave();
        assertNotNull(admission.enter(one).ticket());
    }

    @Test
    void addressAtItsLimitOfPendingClientsLosesItsOwnOldest() {
        Admission admission = admission(options -> options.maxPendingPerAddress(3));
        enter(admission, 2);
        List<Admission.Ticket> own = new ArrayList<>();
        for (int i = 0; i < 3; i++) own.add(enter(admission, 1));
        for (int i = 0; i < 3; i++) {
            Admission.Entry entry = admission.enter(address(1));
            assertSame(own.get(i), entry.evicted());
            assertNotNull(entry.ticket());
            assertEquals(4, admission.pending());
        }
        assertNull(admission.enter(address(3)).evicted());
    }

    @Test
    void atTheGlobalLimitTheAddressWithTheMostLosesItsOldest() {
        Admission admission = admission(options -> options.maxPending(6).maxPendingPerAddress(4));
        Admission.Ticket single = enter(admission, 1);
        List<Admission.Ticket> crowd = new ArrayList<>();
        for (int i = 0; i < 3; i++) crowd.add(enter(admission, 2));
        List<Admission.Ticket> pair = List.of(enter(admission, 3), enter(admission, 3));
        assertSame(crowd.get(0), admission.enter(address(4)).evicted()); // 1, 2, 2, 1
        assertSame(crowd.get(1), admission.enter(address(5)).evicted()); // of two addresses with two the older one
        assertSame(pair.get(0), admission.enter(address(6)).evicted()); // 1, 1, 2, 1, 1
        assertSame(single, admission.enter(address(7)).evicted()); // all have one
        assertSame(crowd.get(2), admission.enter(address(8)).evicted());
        assertEquals(6, admission.pending());
    }

    @Test
    void fourAddressesCannotLockOutAFifth() {
        Admission admission = admission(options -> options);
        for (int i = 0; i < 4 * 64; i++)
            assertNull(admission.enter(address(i % 4)).evicted());
        assertEquals(256, admission.pending());
        Admission.Ticket fifth = enter(admission, 5);
        List<Admission.Ticket> evicted = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Admission.Entry entry = admission.enter(address(i % 4));
            if (entry.evicted() != null) evicted.add(entry.evicted());
        }
        assertFalse(evicted.contains(fifth));
        assertTrue(fifth.established());
    }

    @Test
    void pendingClientThatLeavesOrAnswersMakesRoom() {
        Admission admission = admission(options -> options.maxPendingPerAddress(2));
        Admission.Ticket one = enter(admission, 1);
        Admission.Ticket two = enter(admission, 1);
        assertTrue(one.established());
        assertFalse(one.established());
        assertNull(admission.enter(address(1)).evicted());
        two.leave();
        two.leave();
        assertNull(admission.enter(address(1)).evicted());
        assertEquals(2, admission.pending());
    }

    @Test
    void evictedClientCannotBeEstablishedAndIsCountedUntilItHasLeft() {
        Admission admission = admission(options -> options.maxTunnels(2).maxPending(1));
        Admission.Ticket one = enter(admission, 1);
        Admission.Entry next = admission.enter(address(2));
        assertSame(one, next.evicted());
        assertFalse(one.established());
        assertEquals(Refusal.TUNNELS, refusal(admission, 3));
        one.leave();
        assertEquals(1, admission.pending());
        assertNotNull(admission.enter(address(3)).ticket());
    }

    @Test
    void clientThatWaitsForADecisionIsNotEvictedAndCountsApart() {
        Admission admission = admission(options -> options.maxPending(3).maxPendingPerAddress(2));
        Admission.Ticket one = enter(admission, 1);
        assertTrue(one.decide());
        Admission.Ticket two = enter(admission, 1);
        assertTrue(two.decide());
        Admission.Ticket third = enter(admission, 1);
        assertFalse(third.decide()); // the limit of an address
        Admission.Ticket fourth = enter(admission, 1);
        assertEquals(4, admission.pending());
        assertTrue(enter(admission, 2).decide());
        Admission.Ticket later = enter(admission, 3);
        assertFalse(later.decide()); // the limit of all
        one.decided();
        assertFalse(third.established()); // it has given way
        assertTrue(one.established());
        assertTrue(fourth.established());
        assertTrue(later.decide());
        two.leave();
        two.decided();
        assertEquals(2, admission.pending());
    }

    @Test
    void clientThatWaitsForADecisionWasNotDroppedBefore() {
        Admission admission = admission(options -> options.maxPending(1));
        Admission.Ticket one = enter(admission, 1);
        assertSame(one, admission.enter(address(2)).evicted());
        assertTrue(one.decide()); // it is about to end
        one.decided();
        assertFalse(one.established());
        one.leave();
        assertEquals(1, admission.pending());
    }

    @Test
    void actionOfADropRunsOnceWhicheverComesFirst() {
        Admission admission = admission(options -> options);
        AtomicInteger runs = new AtomicInteger();
        Admission.Ticket early = enter(admission, 1);
        early.onDrop(runs::incrementAndGet);
        assertEquals(0, runs.get());
        early.drop();
        assertEquals(1, runs.get());
        Admission.Ticket late = enter(admission, 1);
        late.drop();
        late.onDrop(runs::incrementAndGet);
        assertEquals(2, runs.get());
    }

    @Test
    void tunnelThatWasEstablishedIsNotCountedAsPendingTwice() {
        Admission admission = admission(options -> options.maxPendingPerAddress(3));
        for (int i = 0; i < 1_000; i++) {
            Admission.Ticket ticket = enter(admission, 1);
            assertTrue(ticket.established());
            ticket.leave();
        }
        assertEquals(0, admission.pending());
        for (int i = 0; i < 3; i++) enter(admission, 1);
        assertNotNull(admission.enter(address(1)).evicted());
    }

    @Test
    void refusedClientIsNotCounted() {
        Admission admission = admission(options -> options.maxTunnels(1));
        Admission.Ticket one = enter(admission, 1);
        for (int i = 0; i < 1_000; i++) refusal(admission, 2);
        one.leave();
        enter(admission, 2);
    }

    /** Random steps, compared with the rule in its simplest form: a list, searched from its beginning. */
    @Test
    void evictsWhatASearchOfAllPendingClientsWouldFind() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Admission admission = admission(options -> options.maxPending(20)
                .maxPendingPerAddress(6)
                .maxTunnels(60_000)
                .maxTunnelsPerAddress(60_000));
        List<Admission.Ticket> pending = new ArrayList<>();
        List<Integer> owners = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            int some = random.nextInt(3);
            if (some == 0 && !pending.isEmpty()) {
                int at = random.nextInt(pending.size());
                owners.subList(at, at + 1).clear();
                Admission.Ticket ticket = pending.remove(at);
                if (random.nextBoolean()) assertTrue(ticket.established(), () -> "seed " + seed);
                else ticket.leave();
                continue;
            }
            int owner = random.nextInt(8);
            Admission.Ticket expected = expected(pending, owners, owner);
            Admission.Entry entry = admission.enter(address(owner));
            assertSame(expected, entry.evicted(), () -> "seed " + seed);
            if (expected != null) {
                int at = pending.indexOf(expected);
                owners.subList(at, at + 1).clear();
                pending.remove(expected);
            }
            pending.add(entry.ticket());
            owners.add(owner);
        }
        assertEquals(pending.size(), admission.pending(), () -> "seed " + seed);
    }

    private static Admission.@Nullable Ticket expected(
            List<Admission.Ticket> pending, List<Integer> owners, int owner) {
        if (Collections.frequency(owners, owner) == 6) return pending.get(owners.indexOf(owner));
        if (pending.size() < 20) return null;
        int most = 0;
        for (int each : owners) most = Math.max(most, Collections.frequency(owners, each));
        for (int i = 0; i < pending.size(); i++) {
            if (Collections.frequency(owners, owners.get(i)) == most) return pending.get(i);
        }
        throw new AssertionError();
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
                    if (admission.enter(address(1)).ticket() != null) tunnels.incrementAndGet();
                    if (admission.enterVisitor()) visitors.incrementAndGet();
                }
            }));
        }
        calls.forEach(Call::result);
        assertEquals(50, tunnels.get());
        assertEquals(50, visitors.get());
        assertEquals(50, admission.visitors());
    }

    private static Admission admission(UnaryOperator<RelayServerOptions.Builder> options) {
        return new Admission(options.apply(RelayServerOptions.builder()).build());
    }

    private static Admission.Ticket enter(Admission admission, int number) {
        Admission.Ticket ticket = admission.enter(address(number)).ticket();
        assertNotNull(ticket);
        return ticket;
    }

    private static @Nullable Refusal refusal(Admission admission, int number) {
        Admission.Entry entry = admission.enter(address(number));
        assertNull(entry.ticket());
        return entry.refusal();
    }

    private static InetAddress address(int number) {
        try {
            return InetAddress.getByAddress(new byte[] {10, 0, (byte) (number >> 8), (byte) number});
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
