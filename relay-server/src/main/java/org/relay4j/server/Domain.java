package org.relay4j.server;

import java.net.BindException;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/** Host names under the domain of a server, one label below it. */
final class Domain {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Base32 without upper case. A name of 16 characters has 80 random bits: no two are equal, and none can be guessed. */
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

    private static final int LENGTH = 16; // characters

    private Domain() {}

    /**
     * Returns a random host name for a client.
     *
     * @param domain of the server; null if it has none
     * @throws BindException if it has none, or the client may not have such a name
     */
    static Endpoint random(@Nullable String domain, ClientLimits limits) throws BindException {
        if (domain == null) throw new BindException("this server has no domain for random names");
        Endpoint random = Endpoint.host(randomName(domain));
        if (limits.allows(random)) return random;
        throw new BindException("this client may have no random names; its policy must allow *." + domain);
    }

    /** Returns a new name such as {@code x3k7q2mzp5rtw4ya.relay.example.com}. */
    private static String randomName(String domain) {
        StringBuilder name = new StringBuilder(LENGTH + 1 + domain.length());
        for (int n = 0; n < LENGTH; n++) name.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        return name.append('.').append(domain).toString();
    }

    /** Returns whether a certificate for {@code *.domain} is valid for a name. Both are in lower case. */
    static boolean covers(String domain, String name) {
        int label = name.length() - domain.length() - 1;
        return label > 0 && name.charAt(label) == '.' && name.indexOf('.') == label && name.endsWith(domain);
    }
}
