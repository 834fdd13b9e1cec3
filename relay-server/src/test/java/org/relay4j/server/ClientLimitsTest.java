package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class ClientLimitsTest {
    @Test
    void defaultsLeaveThePortToTheServer() {
        ClientLimits limits = ClientLimits.defaults();
        assertEquals(0, limits.ownPort());
        assertFalse(limits.allows(1));
        assertFalse(limits.allows(20_000));
        assertEquals(0, limits.maxTunnels());
        assertEquals(0, limits.maxConnections());
        assertEquals(0, limits.maxVisitors());
        assertEquals(0, limits.maxVisitorsPerAddress());
        assertEquals(0, limits.visitorsPerSecond());
        assertEquals(0, limits.bandwidth());
    }

    @Test
    void firstSinglePortIsTheOwnOne() {
        ClientLimits limits =
                ClientLimits.builder().port(5432).ports(7000, 7010).build();
        assertEquals(5432, limits.ownPort());
        assertTrue(limits.allows(5432));
        assertTrue(limits.allows(7000));
        assertTrue(limits.allows(7010));
        assertFalse(limits.allows(5433));
        assertFalse(limits.allows(6999));
        assertFalse(limits.allows(7011));
        assertEquals(
                0, ClientLimits.builder().ports(7000, 7010).port(5432).build().ownPort());
    }

    @Test
    void builderDoesNotChangeWhatItHasBuilt() {
        ClientLimits.Builder builder = ClientLimits.builder().port(1);
        ClientLimits limits = builder.build();
        builder.port(2).maxTunnels(3);
        assertFalse(limits.allows(2));
        assertEquals(0, limits.maxTunnels());
        assertTrue(builder.build().allows(2));
    }

    @Test
    void bandwidthHasBounds() {
        for (long bytes : new long[] {0, 65_536, 1L << 32}) {
            assertEquals(bytes, ClientLimits.builder().bandwidth(bytes).build().bandwidth());
        }
        for (long bytes : new long[] {-1, 1, 65_535, (1L << 32) + 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            ClientLimits.Builder limits = ClientLimits.builder().bandwidth(bytes);
            String message =
                    assertThrows(IllegalArgumentException.class, limits::build).getMessage();
            assertTrue(message.startsWith("bandwidth is " + bytes + ", it must be 65536 to "), message);
        }
    }

    @Test
    void boundsBelongToTheRange() {
        check("maxTunnels", 60_000, ClientLimits.Builder::maxTunnels);
        check("maxConnections", 8, ClientLimits.Builder::maxConnections);
        check("maxVisitors", 1_000_000, ClientLimits.Builder::maxVisitors);
        check("maxVisitorsPerAddress", 1_000_000, ClientLimits.Builder::maxVisitorsPerAddress);
        check("visitorsPerSecond", 1_000_000, ClientLimits.Builder::visitorsPerSecond);
    }

    private static void check(
            String name, int most, BiFunction<ClientLimits.Builder, Integer, ClientLimits.Builder> setter) {
        setter.apply(ClientLimits.builder(), 0).build();
        setter.apply(ClientLimits.builder(), most).build();
        for (int wrong : new int[] {-1, most + 1}) {
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> setter.apply(ClientLimits.builder(), wrong).build())
                    .getMessage();
            assertEquals(name + " is " + wrong + ", it must be 0 to " + most, message);
        }
    }

    @Test
    void portsOutOfRangeAreRefused() {
        assertThrows(
                IllegalArgumentException.class, () -> ClientLimits.builder().port(0));
        assertThrows(
                IllegalArgumentException.class, () -> ClientLimits.builder().port(65_536));
        assertThrows(
                IllegalArgumentException.class, () -> ClientLimits.builder().ports(10, 9));
    }

    @Test
    void namedClientNeedsAProof() throws Exception {
        assertTrue(NamedClient.ofCertificate(ClientLimits.defaults()).certificate());
        assertThrows(IllegalArgumentException.class, () -> new NamedClient(Set.of(), false, ClientLimits.defaults()));
        PublicKey other =
                KeyPairGenerator.getInstance("Ed448").generateKeyPair().getPublic();
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> new NamedClient(Set.of(other), false, ClientLimits.defaults()))
                .getMessage();
        assertTrue(message.endsWith("it must be Ed25519"), message);
    }

    @Test
    void keysOfAClientAreBounded() throws Exception {
        Set<PublicKey> keys = new HashSet<>();
        while (keys.size() < NamedClient.MOST_KEYS) keys.add(key());
        new NamedClient(keys, false, ClientLimits.defaults());
        keys.add(key());
        assertThrows(IllegalArgumentException.class, () -> new NamedClient(keys, false, ClientLimits.defaults()));
    }

    private static PublicKey key() throws GeneralSecurityException {
        return KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic();
    }

    @Test
    void nobodyKnowsNoNames() throws Exception {
        TunnelPolicy policy = TunnelPolicy.nobody();
        assertEquals(
                Optional.empty(), policy.find("alice").toCompletableFuture().get());
        assertEquals(0, policy.nameless().ownPort());
        policy.watch(name -> {}).close();
    }
}
