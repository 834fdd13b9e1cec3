package org.relay4j.server;

import java.security.PublicKey;
import java.util.Objects;
import java.util.Set;
import org.relay4j.api.control.Ed25519;

/**
 * A client that a {@link TunnelPolicy} knows by name: its proofs of the name, and its limits. Immutable.
 *
 * <pre>{@code
 * String key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="; // printed by "relay keygen"
 * NamedClient client = NamedClient.ofKey(key, ClientLimits.defaults());
 * }</pre>
 *
 * @param keys Ed25519 public keys, at most 4; the client proves its name with the private key of any of them
 * @param certificate true if a verified client certificate with the name as its subject CN proves the name too
 * @param limits the limits of the client
 */
public record NamedClient(Set<PublicKey> keys, boolean certificate, ClientLimits limits) {
    /** The maximum number of keys of a client, and the number of verifications that each attempt costs the server. */
    static final int MOST_KEYS = 4;

    /**
     * @throws IllegalArgumentException if there is no way to prove the name, there are more than 4 keys, or one is not an
     *     Ed25519 key
     */
    public NamedClient {
        keys = Set.copyOf(keys);
        Objects.requireNonNull(limits, "limits");
        if (keys.isEmpty() && !certificate) {
            throw new IllegalArgumentException("a named client needs a key or the permission to use a certificate");
        }
        if (keys.size() > MOST_KEYS) {
            throw new IllegalArgumentException("a client has " + keys.size() + " keys, the maximum is " + MOST_KEYS);
        }
        for (PublicKey key : keys) {
            if (!Ed25519.isKey(key)) {
                throw new IllegalArgumentException(
                        "a client's key has the algorithm " + key.getAlgorithm() + ", it must be Ed25519");
            }
        }
    }

    /**
     * Returns a client with one key.
     *
     * @param key base64 of the X.509 DER encoding of an Ed25519 public key, as printed by {@code relay keygen --client}
     * @throws IllegalArgumentException if it is not such a key
     */
    public static NamedClient ofKey(String key, ClientLimits limits) {
        return new NamedClient(Set.of(Ed25519.publicKey(key)), false, limits);
    }

    /** Returns a client that proves its name with a client certificate. */
    public static NamedClient ofCertificate(ClientLimits limits) {
        return new NamedClient(Set.of(), true, limits);
    }

    /** Returns true if both clients accept the same proofs. */
    boolean hasSameProofs(NamedClient other) {
        return keys.equals(other.keys) && certificate == other.certificate;
    }
}
