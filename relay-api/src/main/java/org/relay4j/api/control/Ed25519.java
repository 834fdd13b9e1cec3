package org.relay4j.api.control;

import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.EdECKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/**
 * The text form of Ed25519 keys in files: base64 of the X.509 (public) or PKCS#8 (private) DER encoding, on one line. Messages
 * never contain the text of a key.
 */
public final class Ed25519 {
    private static final int LONGEST = 256; // characters; a public key has 60, a private key 64

    private Ed25519() {}

    /**
     * Decodes a public key. White space around it is ignored.
     *
     * @throws IllegalArgumentException if the text is not a public key; the message says why
     */
    public static PublicKey publicKey(String text) {
        byte[] der = decode(text);
        try {
            return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(der));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    isPrivate(der)
                            ? "the key is a private key; the public key belongs here"
                            : "the key is not an Ed25519 public key (base64 of its X.509 DER encoding)",
                    e);
        }
    }

    /**
     * Decodes a private key. White space around it is ignored.
     *
     * @throws IllegalArgumentException if the text is not a private key; the message says why
     */
    public static PrivateKey privateKey(String text) {
        byte[] der = decode(text);
        try {
            return KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    isPublic(der)
                            ? "the key is a public key; the private key belongs here"
                            : "the key is not an Ed25519 private key (base64 of its PKCS#8 DER encoding)",
                    e);
        }
    }

    /** Encodes a public or private key. */
    public static String encode(Key key) {
        return Base64.getEncoder().encodeToString(key.getEncoded());
    }

    /** Returns true if the key is an Ed25519 key. */
    public static boolean isKey(Key key) {
        return key instanceof EdECKey edwards
                && edwards.getParams().getName().equals(NamedParameterSpec.ED25519.getName());
    }

    private static byte[] decode(String text) {
        String trimmed = text.strip();
        if (trimmed.startsWith("-----BEGIN")) {
            throw new IllegalArgumentException("the key is a PEM file; expected its base64 text alone, on one line");
        }
        if (trimmed.isEmpty()) throw new IllegalArgumentException("the key is empty");
        if (trimmed.length() > LONGEST) {
            throw new IllegalArgumentException("the key is longer than " + LONGEST + " characters");
        }
        try {
            return Base64.getDecoder().decode(trimmed);
        } catch (IllegalArgumentException e) {
            // The cause is left out: its message quotes characters of the key.
            throw new IllegalArgumentException("the key is not valid base64");
        }
    }

    private static boolean isPrivate(byte[] der) {
        try {
            KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(der));
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static boolean isPublic(byte[] der) {
        try {
            KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(der));
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
