package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The number of verifications does not reveal which names exist. */
class IdentificationTest {
    @Test
    void unknownNamesAndKnownOnesCostTheSame() throws GeneralSecurityException {
        assertEquals(NamedClient.MOST_KEYS, Identification.keys(null).size());
        NamedClient certified = NamedClient.ofCertificate(ClientLimits.defaults());
        assertEquals(NamedClient.MOST_KEYS, Identification.keys(certified).size());
        Set<PublicKey> own = new HashSet<>();
        for (int n = 1; n <= NamedClient.MOST_KEYS; n++) {
            own.add(KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic());
            NamedClient client = new NamedClient(own, false, ClientLimits.defaults());
            assertEquals(NamedClient.MOST_KEYS, Identification.keys(client).size());
            assertTrue(Identification.keys(client).containsAll(own));
        }
    }
}
