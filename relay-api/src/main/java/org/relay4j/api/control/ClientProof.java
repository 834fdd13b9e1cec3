package org.relay4j.api.control;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * The signature with which a client proves its name: Ed25519 (RFC 8032) over the first line of each side, so that it is valid
 * for this connection only. See section 3 of {@code docs/protocol.md}.
 */
public final class ClientProof {
    /** The word of the {@code RELAY/1} line that carries the proof; always the last one. */
    public static final String WORD = "proof";

    private static final String CONTEXT = "relay-client-v1";
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]{86}"); // 64 bytes, unpadded base64url

    private ClientProof() {}

    /**
     * Signs a connection.
     *
     * @param hello the server's line, without its LF
     * @param request the client's line up to, and without, the space before the proof
     * @throws IllegalArgumentException if the key is not an Ed25519 key
     */
    public static String sign(PrivateKey key, String hello, String request) {
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(key);
            signature.update(signed(hello, request));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the key is not an Ed25519 private key", e);
        }
    }

    /** Returns true if {@code proof} is the signature of the lines by the owner of {@code key}. The lines are as in {@link #sign}. */
    public static boolean verify(PublicKey key, String hello, String request, String proof) {
        if (!FORM.matcher(proof).matches()) return false;
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initVerify(key);
            signature.update(signed(hello, request));
            return signature.verify(Base64.getUrlDecoder().decode(proof));
        } catch (GeneralSecurityException e) {
            return false; // no point of the curve, for example
        }
    }

    private static byte[] signed(String hello, String request) {
        return (CONTEXT + "\n" + hello + "\n" + request).getBytes(StandardCharsets.US_ASCII);
    }
}
