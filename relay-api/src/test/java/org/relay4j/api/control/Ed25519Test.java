package org.relay4j.api.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import org.junit.jupiter.api.Test;

class Ed25519Test {
    /** The key pair of RFC 8410, section 10. */
    private static final String PUBLIC = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    private static final String PRIVATE = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

    @Test
    void keysOfTheSpecification() {
        assertEquals(PUBLIC, Ed25519.encode(Ed25519.publicKey(PUBLIC)));
        assertEquals(PRIVATE, Ed25519.encode(Ed25519.privateKey(" " + PRIVATE + "\n")));
        String proof = ClientProof.sign(Ed25519.privateKey(PRIVATE), "HELLO", "RELAY/1");
        assertTrue(ClientProof.verify(Ed25519.publicKey(PUBLIC), "HELLO", "RELAY/1", proof));
    }

    @Test
    void generatedKeysSurvive() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        assertEquals(pair.getPublic(), Ed25519.publicKey(Ed25519.encode(pair.getPublic())));
        assertEquals(pair.getPrivate(), Ed25519.privateKey(Ed25519.encode(pair.getPrivate())));
    }

    @Test
    void otherAlgorithmsAreNotAccepted() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed448").generateKeyPair();
        assertFalse(Ed25519.isKey(pair.getPublic()));
        assertTrue(Ed25519.isKey(Ed25519.publicKey(PUBLIC)));
        assertTrue(Ed25519.isKey(Ed25519.privateKey(PRIVATE)));
        assertTrue(publicFailure(Ed25519.encode(pair.getPublic())).contains("not an Ed25519 public key"));
        assertTrue(privateFailure(Ed25519.encode(pair.getPrivate())).contains("not an Ed25519 private key"));
    }

    @Test
    void malformedTextIsExplainedWithoutQuotingIt() {
        assertEquals("the key is empty", publicFailure("  "));
        assertEquals("the key is not valid base64", publicFailure("MCow*QYDK2Vw"));
        assertEquals("the key is not valid base64", privateFailure(PRIVATE.substring(1) + "~"));
        assertEquals("the key is longer than 256 characters", publicFailure("A".repeat(257)));
        assertTrue(privateFailure("-----BEGIN PRIVATE KEY-----\n" + PRIVATE).contains("PEM"));
        assertTrue(publicFailure(PRIVATE).contains("private key; the public key"));
        assertTrue(privateFailure(PUBLIC).contains("public key; the private key"));
        assertTrue(publicFailure(PUBLIC.substring(0, 40)).contains("not an Ed25519 public key"));
    }

    @Test
    void namesHaveAForm() {
        assertTrue(ClientName.isValid("a"));
        assertTrue(ClientName.isValid("db.alice_1-Z"));
        assertTrue(ClientName.isValid("x".repeat(64)));
        for (String bad : new String[] {"", "x".repeat(65), "a b", "a\n", "ä", "a/b", "a=b"}) {
            assertFalse(ClientName.isValid(bad), bad);
        }
    }

    private static String publicFailure(String text) {
        return assertThrows(IllegalArgumentException.class, () -> Ed25519.publicKey(text))
                .getMessage();
    }

    private static String privateFailure(String text) {
        return assertThrows(IllegalArgumentException.class, () -> Ed25519.privateKey(text))
                .getMessage();
    }
}
