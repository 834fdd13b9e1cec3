package org.relay4j.api.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientProofTest {
    /** The key pair of RFC 8410, section 10. */
    private static final PublicKey PUBLIC =
            Ed25519.publicKey("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");

    private static final PrivateKey PRIVATE =
            Ed25519.privateKey("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC");

    private static final String HELLO = "HELLO 000102030405060708090a0b0c0d0e0f auth";
    private static final String REQUEST = "RELAY/1 port=5432 name=alice binding=none";

    /** Made by {@code openssl pkeyutl -sign -rawin}; Ed25519 signatures are deterministic. */
    private static final String PROOF =
            "Wbfq64-4BIBGt9iNJ6-RM_XnUrrugb_rJU7i-nUiPaFTx_bwhx_elqh4sRW5i7HPgq0D00Xi8BIhWWhNvL5hCg";

    @Test
    void signatureOfAnotherImplementation() {
        assertEquals(PROOF, ClientProof.sign(PRIVATE, HELLO, REQUEST));
        assertTrue(ClientProof.verify(PUBLIC, HELLO, REQUEST, PROOF));
    }

    @Test
    void proofIsForTheseLinesOnly() {
        assertFalse(ClientProof.verify(PUBLIC, HELLO.replace('0', '1'), REQUEST, PROOF));
        assertFalse(ClientProof.verify(PUBLIC, HELLO + " more", REQUEST, PROOF));
        assertFalse(ClientProof.verify(PUBLIC, HELLO, REQUEST.replace("5432", "5433"), PROOF));
        assertFalse(ClientProof.verify(PUBLIC, HELLO, REQUEST.replace("alice", "bob"), PROOF));
        assertFalse(ClientProof.verify(PUBLIC, HELLO + "\nRELAY/1", REQUEST.substring(8), PROOF));
    }

    @Test
    void proofIsForThisKeyOnly() throws Exception {
        PublicKey other =
                KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic();
        assertFalse(ClientProof.verify(other, HELLO, REQUEST, PROOF));
    }

    /** The form is checked before any work is done. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "=",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "__________________________________________________________________________________________",
                "Wbfq64-4BIBGt9iNJ6-RM_XnUrrugb_rJU7i-nUiPaFTx_bwhx_elqh4sRW5i7HPgq0D00Xi8BIhWWhNvL5hC",
                "Wbfq64-4BIBGt9iNJ6-RM_XnUrrugb_rJU7i-nUiPaFTx_bwhx_elqh4sRW5i7HPgq0D00Xi8BIhWWhNvL5hCg==",
                "Wbfq64+4BIBGt9iNJ6+RM/XnUrrugb/rJU7i+nUiPaFTx/bwhx/elqh4sRW5i7HPgq0D00Xi8BIhWWhNvL5hCg",
                "Wbfq64-4BIBGt9iNJ6-RM_XnUrrugb_rJU7i-nUiPaFTx_bwhx_elqh4sRW5i7HPgq0D00Xi8BIhWWhNvL5h\nCg"
            })
    void otherTextIsNoProof(String proof) {
        assertFalse(ClientProof.verify(PUBLIC, HELLO, REQUEST, proof));
    }

    @Test
    void eachBitOfTheSignatureCounts() {
        for (int i = 0; i < 85; i++) { // of the last character only two bits count
            char other = PROOF.charAt(i) == 'A' ? 'B' : 'A';
            String changed = PROOF.substring(0, i) + other + PROOF.substring(i + 1);
            assertFalse(ClientProof.verify(PUBLIC, HELLO, REQUEST, changed), changed);
        }
    }

    @Test
    void keyOfAnotherAlgorithmIsNamed() throws Exception {
        PrivateKey other = KeyPairGenerator.getInstance("EC").generateKeyPair().getPrivate();
        assertEquals(
                "the key is not an Ed25519 private key",
                assertThrows(IllegalArgumentException.class, () -> ClientProof.sign(other, HELLO, REQUEST))
                        .getMessage());
    }
}
