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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which tunnel gives way at which limit. */
class PlacesTest {
    private final Places places = new Places(
            RelayServerOptions.builder().maxTunnels(4).maxTunnelsPerAddress(3).build());
    private final List<String> gone = new ArrayList<>();

    @Test
    void heldTunnelsCount() {
        for (int i = 0; i < 4; i++) hold(take(i, "name" + i, 0), "held" + i);
        assertEquals(Refusal.TUNNELS, places.take(address(9), "other", 0).refusal());
    }

    @Test
    void atTheGlobalLimitOnlyNamelessOnesGiveWayTheLongestHeldFirst() {
        hold(take(1, "alice", 0), "alice");
        hold(take(2, null, 0), "older");
        hold(take(3, null, 0), "newer");
        take(4, null, 0);
        take(5, null, 0);
        assertEquals(List.of("older"), gone);
        take(6, "bob", 0);
        assertEquals(List.of("older", "newer"), gone);
        assertEquals(Refusal.TUNNELS, places.take(address(7), null, 0).refusal());
    }

    @Test
    void atTheLimitOfAnAddressItsOwnGiveWayWithAndWithoutAName() {
        hold(take(2, null, 0), "other");
        hold(take(1, "alice", 0), "alice");
        hold(take(1, null, 0), "nameless");
        take(1, null, 0);
        take(1, null, 0);
        assertEquals(List.of("alice"), gone);
    }

    @Test
    void atTheLimitOfANameItsOwnGiveWayWhereverTheyAre() {
        hold(take(1, "alice", 2), "first");
        Places.Place served = take(2, "alice", 2);
        take(3, "alice", 2);
        assertEquals(List.of("first"), gone);
        assertEquals(
                Refusal.TUNNELS_OF_NAME, places.take(address(3), "alice", 2).refusal());
        places.leave(served);
        take(3, "alice", 2);
    }

    @Test
    void oneThatGivesWayForTheNameMakesRoomAtTheOtherLimitsToo() {
        hold(take(1, "alice", 1), "alice");
        take(1, null, 0);
        take(1, null, 0);
        take(2, null, 0);
        take(1, "alice", 1);
        assertEquals(List.of("alice"), gone);
    }

    @Test
    void nothingGivesWayIfALimitRefusesAnyhow() {
        hold(take(1, "alice", 1), "alice");
        for (int i = 0; i < 3; i++) take(2, null, 0);
        assertEquals(
                Refusal.TUNNELS_OF_ADDRESS, places.take(address(2), "alice", 1).refusal());
        assertEquals(List.of(), gone);
    }

    @Test
    void servedAgainDoesNotGiveWayAndOneThatGaveWayIsNotServedAgain() {
        Places.Place back = take(1, null, 0);
        hold(back, "back");
        assertTrue(places.serve(back));
        Places.Place away = take(1, null, 0);
        hold(away, "away");
        take(1, null, 0);
        take(1, null, 0);
        assertEquals(List.of("away"), gone);
        assertFalse(places.serve(away));
        places.hold(away, () -> gone.add("again"));
        places.leave(away);
        assertEquals(
                Refusal.TUNNELS_OF_ADDRESS, places.take(address(1), null, 0).refusal());
        places.leave(back);
        places.leave(back);
        take(1, null, 0);
        assertEquals(
                Refusal.TUNNELS_OF_ADDRESS, places.take(address(1), null, 0).refusal());
    }

    @Test
    void finishingTunnelsMakeRoomAtAllLimits() {
        for (int i = 0; i < 3; i++) finish(take(1, "alice", 3), "finishing" + i);
        take(2, null, 0);
        for (int i = 0; i < 3; i++) take(1, "alice", 3);
        assertEquals(
                Refusal.TUNNELS_OF_NAME, places.take(address(3), "alice", 3).refusal());
        assertEquals(
                Refusal.TUNNELS_OF_ADDRESS, places.take(address(1), null, 0).refusal());
        assertEquals(Refusal.TUNNELS, places.take(address(3), null, 0).refusal());
        assertEquals(List.of(), gone);
    }

    @Test
    void atTheLimitOfAnAddressItsOldestFinishingTunnelIsReset() {
        finish(take(2, null, 0), "other");
        for (int i = 0; i < 3; i++) finish(take(1, i == 0 ? "alice" : null, 0), "of address " + i);
        assertEquals(List.of(), gone);
        finish(take(1, null, 0), "newest");
        assertEquals(List.of("of address 0"), gone);
    }

    @Test
    void atTheLimitOfANameItsOldestFinishingTunnelIsReset() {
        finish(take(1, "bob", 2), "other");
        for (int i = 1; i <= 3; i++) finish(take(i, "alice", 2), "of name " + i);
        assertEquals(List.of("of name 1"), gone);
    }

    @Test
    void atTheGlobalLimitTheOldestFinishingTunnelIsResetNamelessOnesFirst() {
        finish(take(1, "alice", 0), "alice");
        finish(take(2, null, 0), "nameless");
        finish(take(3, "bob", 0), "bob");
        finish(take(4, "carol", 0), "carol");
        finish(take(5, "dave", 0), "dave");
        assertEquals(List.of("nameless"), gone);
        finish(take(6, "eve", 0), "eve");
        assertEquals(List.of("nameless", "alice"), gone);
        finish(take(7, null, 0), "stranger");
        assertEquals(List.of("nameless", "alice", "stranger"), gone);
    }

    @Test
    void finishingTunnelIsCountedOnceAndDoesNotComeBack() {
        Places.Place old = take(1, "alice", 1);
        hold(old, "held");
        finish(old, "finishing");
        finish(old, "again");
        places.hold(old, () -> gone.add("held again"));
        assertFalse(places.serve(old));
        Places.Place next = take(1, "alice", 1); // displaces none
        places.leave(old);
        places.leave(old);
        finish(next, "next"); // the only one that is finishing
        take(1, "alice", 1);
        assertEquals(
                Refusal.TUNNELS_OF_NAME, places.take(address(1), "alice", 1).refusal());
        assertEquals(List.of(), gone);
    }

    @Test
    void beyondALoweredLimitNobodyGivesWay() {
        hold(take(1, null, 0), "held");
        take(2, null, 0);
        take(3, null, 0);
        places.update(RelayServerOptions.builder().maxTunnels(2).build());
        assertEquals(Refusal.TUNNELS, places.take(address(4), null, 0).refusal());
        assertEquals(List.of(), gone);
    }

    @Test
    void loweredLimitResetsOneTunnelForEachThatFinishes() {
        for (int i = 0; i < 3; i++) finish(take(1, null, 0), "finishing " + i);
        places.update(RelayServerOptions.builder()
                .maxTunnels(4)
                .maxTunnelsPerAddress(1)
                .build());
        finish(take(1, null, 0), "last");
        assertEquals(List.of("finishing 0"), gone);
    }

    private void finish(Places.Place place, String label) {
        for (Places.Place displaced : places.finish(place, () -> gone.add(label))) {
            Runnable action = displaced.onYield();
            assertNotNull(action);
            action.run();
        }
    }

    private Places.Place take(int address, @Nullable String name, int mostOfName) {
        Places.Answer answer = places.take(address(address), name, mostOfName);
        assertNull(answer.refusal());
        for (Places.Place place : answer.yielded()) {
            Runnable action = place.onYield();
            assertNotNull(action);
            action.run();
        }
        Places.Place place = answer.place();
        assertNotNull(place);
        return place;
    }

    private void hold(Places.Place place, String label) {
        places.hold(place, () -> gone.add(label));
    }

    private static InetAddress address(int number) {
        try {
            return InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) number});
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
