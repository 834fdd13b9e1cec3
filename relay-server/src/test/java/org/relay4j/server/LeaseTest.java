package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which secrets of a tunnel are valid, and for how long it is held; in virtual time. */
class LeaseTest {
    private static final long TIME = 30;

    private final SecureRandom random = new SecureRandom();
    private final Lease lease = new Lease(random, TIME);

    @Test
    void secretIsTheTunnelAndAnEqualAmountOfRandom() {
        String secret = lease.grant(1);
        assertTrue(secret.matches("[0-9a-f]{32}\\.[0-9a-f]{32}"), secret);
        assertEquals(lease.tunnel(), Lease.tunnelOf(secret));
        assertTrue(lease.accepts(secret));
    }

    @Test
    void noTwoSecretsAreEqual() {
        Set<String> secrets = new HashSet<>();
        for (int i = 0; i < 100; i++) secrets.add(lease.grant(i));
        for (int i = 0; i < 100; i++) secrets.add(new Lease(random, TIME).grant(1));
        assertEquals(200, secrets.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "x", "x.", ".x", "\u00e4\u00f6.\u00fc"})
    void anythingElseIsNotAccepted(String secret) {
        String granted = lease.grant(1);
        assertFalse(lease.accepts(secret));
        assertFalse(lease.accepts(granted + secret) && !secret.isEmpty());
        assertFalse(lease.accepts(lease.tunnel() + "." + secret));
        assertNotEquals(lease.tunnel(), Lease.tunnelOf(secret));
    }

    @Test
    void wordThatIsTooLongNamesNoTunnel() {
        assertEquals("", Lease.tunnelOf(lease.tunnel() + "." + "0".repeat(96)));
        assertEquals(lease.tunnel(), Lease.tunnelOf(lease.tunnel() + "." + "0".repeat(95)));
    }

    @Test
    void withdrawnSecretIsNotValidAndCostsNoOther() {
        String first = lease.grant(1);
        for (int i = 0; i < 2 * Lease.MOST_VALID; i++) {
            String second = lease.grant(2 + i);
            lease.withdraw(second);
            assertFalse(lease.accepts(second));
            assertTrue(lease.accepts(first));
        }
    }

    @Test
    void leaseOfAnotherProcessAcceptsTheSameSecrets() {
        String first = lease.grant(1);
        String second = lease.grant(2);
        Lease kept = Lease.kept(random, TIME, lease.tunnel(), lease.hashes());
        assertTrue(kept.accepts(first) && kept.accepts(second));
        assertFalse(kept.accepts(lease.tunnel() + "." + "0".repeat(32)));
        assertEquals(lease.tunnel(), Lease.tunnelOf(kept.grant(1_001)));
        kept.confirmed(1_001);
        assertFalse(kept.accepts(first) || kept.accepts(second));
    }

    @Test
    void oldSecretIsValidUntilTheFirstFrameOnTheNewestConnection() {
        String first = lease.grant(1);
        lease.confirmed(1);
        String second = lease.grant(2);
        assertTrue(lease.accepts(first));
        assertTrue(lease.accepts(second));
        lease.confirmed(2);
        assertFalse(lease.accepts(first));
        assertTrue(lease.accepts(second));
    }

    @Test
    void framesOnOlderConnectionsDoNotCount() {
        String first = lease.grant(1);
        String second = lease.grant(2);
        String third = lease.grant(3);
        lease.confirmed(1);
        lease.confirmed(2);
        for (String each : List.of(first, second, third)) assertTrue(lease.accepts(each));
        lease.confirmed(3);
        assertFalse(lease.accepts(first));
        assertFalse(lease.accepts(second));
    }

    @Test
    void connectionThatJoinsKeepsItsSecret() {
        String first = lease.grant(1);
        lease.confirmed(1);
        lease.joined(2, first);
        lease.confirmed(2);
        assertTrue(lease.accepts(first));
        String second = lease.grant(3);
        lease.joined(4, second);
        lease.confirmed(4);
        assertFalse(lease.accepts(first));
        assertTrue(lease.accepts(second));
    }

    @Test
    void fifthSecretDropsTheOldest() {
        List<String> secrets = new ArrayList<>();
        for (int i = 1; i <= Lease.MOST_VALID; i++) secrets.add(lease.grant(i));
        for (String each : secrets) assertTrue(lease.accepts(each));
        String fifth = lease.grant(5);
        assertFalse(lease.accepts(secrets.get(0)));
        assertTrue(lease.accepts(secrets.get(1)));
        assertTrue(lease.accepts(fifth));
    }

    @Test
    void expiresWhenItsTimeIsOver() {
        assertFalse(lease.isExpired(Long.MAX_VALUE / 2), "nothing is held");
        lease.hold(1_000);
        assertFalse(lease.isExpired(1_000 + TIME - 1));
        assertTrue(lease.isExpired(1_000 + TIME));
        lease.serve();
        assertFalse(lease.isExpired(1_000 + TIME));
        lease.hold(2_000);
        assertFalse(lease.isExpired(2_000 + TIME - 1));
        assertTrue(lease.isExpired(2_000 + TIME));
    }
}
