package org.relay4j.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.HexFormat;

/**
 * The secrets with which a client comes back to its tunnel, and the time for which the tunnel is held. A plain object: random
 * numbers and the time are passed in. Times are in nanoseconds.
 */
final class Lease {
    /*
     * A secret replaces those before it once the client has shown on the newest connection that it has it. Until then the
     * older ones stay valid: the line with the new secret may have been lost. Only hashes are kept, so that a copy of the
     * memory does not give the tunnel away.
     */

    /** Secrets that are valid at once; one more drops the oldest. */
    static final int MOST_VALID = 4;

    private static final int LONGEST = 128; // characters of a word, see docs/protocol.md
    private static final int RANDOM = 16; // bytes

    private final String tunnel;
    private final SecureRandom random;
    private final long time; // how long the tunnel is held; 0: not at all
    private final ArrayDeque<byte[]> valid = new ArrayDeque<>(MOST_VALID); // hashes, the oldest first
    private byte[] newest = new byte[0]; // hash of the secret that belongs to the newest connection
    private int newestConnection;
    private boolean held;
    private long heldSince;

    Lease(SecureRandom random, long time) {
        this.random = random;
        this.time = time;
        tunnel = hex(random);
    }

    /** The id of the tunnel that a presented secret names; it need not exist. */
    static String tunnelOf(String secret) {
        int end = secret.indexOf('.');
        return end < 0 || secret.length() > LONGEST ? "" : secret.substring(0, end);
    }

    /** The id of the tunnel: 128 random bits. It is not secret. */
    String tunnel() {
        return tunnel;
    }

    /** Makes one more secret, which is given to the client on a new connection. */
    String grant(int connection) {
        String secret = tunnel + "." + hex(random);
        if (valid.size() == MOST_VALID) valid.removeFirst();
        newest = hash(secret);
        valid.addLast(newest);
        newestConnection = connection;
        return secret;
    }

    /** A new connection was made with a secret that is valid, and keeps it. */
    void joined(int connection, String secret) {
        newest = hash(secret);
        newestConnection = connection;
    }

    /** Whether a secret is valid. Takes the same time whatever it is. */
    boolean accepts(String secret) {
        byte[] presented = hash(secret);
        boolean found = false;
        for (byte[] each : valid) found |= MessageDigest.isEqual(each, presented);
        return found;
    }

    /** The client has sent a frame on a connection: on the newest one, only the secret of that connection stays valid. */
    void confirmed(int connection) {
        if (connection != newestConnection) return;
        valid.clear();
        valid.add(newest);
    }

    // ---- time

    /** How long the tunnel is held. */
    long time() {
        return time;
    }

    /** No connection takes visitors any more. */
    void hold(long now) {
        held = true;
        heldSince = now;
    }

    /** A connection takes visitors again. */
    void serve() {
        held = false;
    }

    /** Whether the client has stayed away for too long. */
    boolean isExpired(long now) {
        return held && now - heldSince >= time;
    }

    private static String hex(SecureRandom random) {
        byte[] bytes = new byte[RANDOM];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] hash(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JRE has it
        }
    }
}
