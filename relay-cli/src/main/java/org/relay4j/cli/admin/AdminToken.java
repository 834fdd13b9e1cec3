package org.relay4j.cli.admin;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.SecretFile;

/** The secret that gives access to an admin address. Immutable. */
public final class AdminToken {
    /** Minimum number of characters. */
    public static final int SHORTEST = 16;

    private static final int LONGEST = 512; // characters
    private static final String SCHEME = "Bearer ";

    private final byte[] hash; // so that the comparison takes the same time for each length

    private AdminToken(String token) {
        hash = hash(token);
    }

    /**
     * Uses a token.
     *
     * @throws IllegalArgumentException if it is too short or too long, or contains other than visible ASCII characters; the message
     *     does not show the token
     */
    public static AdminToken of(String token) {
        return new AdminToken(checked(token));
    }

    /**
     * Returns a token, if it can be one.
     *
     * @throws IllegalArgumentException as {@link #of}
     */
    public static String checked(String token) {
        if (token.length() < SHORTEST || token.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "a token of " + token.length() + " characters cannot be used; it must have " + SHORTEST + " to "
                            + LONGEST + ", such as the output of \"openssl rand -hex 32\"");
        }
        if (!token.chars().allMatch(c -> c > ' ' && c <= '~')) {
            throw new IllegalArgumentException(
                    "the token contains a space or a character that is not ASCII; use one such as the output of"
                            + " \"openssl rand -hex 32\"");
        }
        return token;
    }

    /**
     * Returns the token in a file; white space around it is ignored. On systems with POSIX permissions, the file must be accessible
     * to its owner only.
     *
     * @throws IOException if the file cannot be read, is accessible to others, or does not contain a token; the message names it
     */
    public static String read(Path file) throws IOException {
        SecretFile.requireOwnerOnly("token file", file);
        byte[] content;
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(2 * LONGEST);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null, "no such file");
        }
        try {
            return checked(new String(content, StandardCharsets.ISO_8859_1).strip());
        } catch (IllegalArgumentException e) {
            throw new IOException("cannot use token file " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns whether a request has this token. Takes the same time for each wrong token of a length.
     *
     * @param authorization the value of the header {@code Authorization}; null if there is none
     */
    boolean isIn(@Nullable String authorization) {
        if (authorization == null || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) return false;
        return MessageDigest.isEqual(
                hash, hash(authorization.substring(SCHEME.length()).strip()));
    }

    private static byte[] hash(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    /** Never contains the token. */
    @Override
    public String toString() {
        return "AdminToken";
    }
}
