package org.relay4j.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.List;

/**
 * The secrets with which a client resumes its tunnel, and the time for which the tunnel is held. A plain object: random numbers
 * and the time are passed in. Times are in nanoseconds.
 */
final class Lease {
    /*
     * A secret replaces the older ones when a frame on the newest connection shows that the client has received it. Until then
     * the older ones stay valid, because the line with the new secret may have been lost. Only hashes are kept, so that a copy of
     * the memory does not reveal a secret.
     */

    /** Maximum number of valid secrets; a further one displaces the oldest. */
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
        this(random, time, newId(random));
    }

    private Lease(SecureRandom random, long time, String tunnel) {
        this.random = random;
        this.time = time;
        this.tunnel = tunnel;
    }

    /** Returns an id for a tunnel: 128 random bits in hex. */
    static String newId(SecureRandom random) {
        return hex(random);
    }

    /** Returns the lease of a tunnel that another process had, with the {@link #hashes} of its valid secrets. */
    static Lease kept(SecureRandom random, long time, String tunnel, List<String> hashes) {
        Lease lease = new Lease(random, time, tunnel);
        lease.learn(hashes);
        return lease;
    }

    /** Makes those secrets valid whose hashes these are, the oldest first, and no others. */
    void learn(List<String> hashes) {
        valid.clear();
        for (String hash : hashes) valid.addLast(HexFormat.of().parseHex(hash));
    }

    /** Returns the SHA-256 hashes of the valid secrets in hex, the oldest first. */
    List<String> hashes() {
        return valid.stream().map(HexFormat.of()::formatHex).toList();
    }

    /** Returns the id of the tunnel in a secret; the tunnel need not exist. */
    static String tunnelOf(String secret) {
        int end = secret.indexOf('.');
        return end < 0 || secret.length() > LONGEST ? "" : secret.substring(0, end);
    }

    /** Returns the id of the tunnel: 128 random bits. It is not secret. */
    String tunnel() {
        return tunnel;
    }

    /** Creates a secret for the client of a new connection. */
    String grant(int connection) {
        String secret = tunnel + "." + hex(random);
        if (valid.size() == MOST_VALID) valid.removeFirst();
        newest = hash(secret);
        valid.addLast(newest);
        newestConnection = connection;
        return secret;
    }

    /** Takes back a secret that its client has not learned. */
    void withdraw(String secret) {
        byte[] withdrawn = hash(secret);
        valid.removeIf(each -> MessageDigest.isEqual(each, withdrawn));
    }

    /** Called when a new connection was made with a valid secret, which it keeps. */
    void joined(int connection, String secret) {
        newest = hash(secret);
        newestConnection = connection;
    }

    /** Returns whether a secret is valid, in constant time. */
    boolean accepts(String secret) {
        byte[] presented = hash(secret);
        boolean found = false;
        for (byte[] each : valid) found |= MessageDigest.isEqual(each, presented);
        return found;
    }

    /** Called when the client has sent a frame on a connection. On the newest one, this invalidates all older secrets. */
    void confirmed(int connection) {
        if (connection != newestConnection) return;
        valid.clear();
        valid.add(newest);
    }

    // ---- time

    /** Returns how long the tunnel is held. */
    long time() {
        return time;
    }

    /** Called when no connection accepts visitors any more. */
    void hold(long now) {
        held = true;
        heldSince = now;
    }

    /** Called when a connection accepts visitors again. */
    void serve() {
        held = false;
    }

    /** Returns whether the hold time has expired. */
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
