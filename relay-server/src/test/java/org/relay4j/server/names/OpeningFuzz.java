package org.relay4j.server.names;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/**
 * A fuzz target: the first bytes of visitors, as TLS and as HTTP. The size of the pieces does not matter, a name has no
 * character that another server could read differently, and a tolerant parser of HTTP/1 sees the same host, and only one. {@code
 * CONTRIBUTING.md} has the command; {@link OpeningFuzzTest} replays what was found.
 */
public final class OpeningFuzz {
    private OpeningFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) {
        Opening tls = Pieces.ofTls(input, Integer.MAX_VALUE);
        check(Objects.equals(tls, Pieces.ofTls(input, 1)), "other pieces, other result");
        checkName(tls);
        Opening http = Pieces.ofHttp(input, Integer.MAX_VALUE);
        check(Objects.equals(http, Pieces.ofHttp(input, 1)), "other pieces, other result");
        checkName(http);
        if (http != null && http.fault() == null && http.stream() == 0) checkHost(input, http);
    }

    private static void checkName(@Nullable Opening opening) {
        if (opening == null) return;
        String name = opening.name();
        check(opening.fault() == null || name.isEmpty(), "a refused name");
        check(name.chars().allMatch(c -> "abcdefghijklmnopqrstuvwxyz0123456789-._".indexOf(c) >= 0), "characters");
        check(name.length() <= 254, "a long name");
        check(opening.target().chars().allMatch(c -> c > ' ' && c != 0x7F), "a target with two lines");
        try {
            String endpoint = Endpoint.host(name).name();
            check(endpoint.equals(name) || name.endsWith("."), "another endpoint");
        } catch (IllegalArgumentException e) {
            // Such a name has no tunnel.
        }
    }

    /** Lines may end with CR, LF or both here, and there may be white space around everything. */
    private static void checkHost(byte[] input, Opening opening) {
        String text = new String(input, StandardCharsets.ISO_8859_1);
        List<String> hosts = new ArrayList<>();
        for (String line : text.substring(0, text.indexOf("\r\n\r\n")).split("[\r\n]", -1)) {
            String[] parts = line.trim().split("[\\s\\x00]*:", 2);
            if (parts.length == 2 && parts[0].toLowerCase(Locale.ROOT).equals("host")) hosts.add(parts[1].trim());
        }
        check(hosts.size() <= 1, "several hosts");
        if (hosts.isEmpty()) {
            check(opening.name().isEmpty(), "no host, but a name");
            return;
        }
        String host = hosts.get(0).toLowerCase(Locale.ROOT).replaceFirst("\\.?(:[0-9]+)?$", "");
        check(host.equals(opening.name()) || host.startsWith("["), "another host: " + host);
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }
}
