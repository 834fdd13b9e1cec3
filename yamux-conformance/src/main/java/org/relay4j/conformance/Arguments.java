package org.relay4j.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/** The validated command line. */
final class Arguments {
    private static final Pattern TIME = Pattern.compile("(\\d{1,6})(ms|s|m)");
    private static final Pattern ADDRESS = Pattern.compile("(?:\\[([^\\]]*)\\]|([^:\\[\\]]*)):([^:]*)");
    private static final Duration LEAST_TIMEOUT = Duration.ofMillis(50);
    private static final Duration MOST_TIMEOUT = Duration.ofMinutes(10);

    private final ParseResult given;

    Arguments(ParseResult given) {
        this.given = given;
    }

    boolean has(String option) {
        return given.hasMatchedOption(option);
    }

    Role role() {
        String text = value("--role", "client");
        for (Role role : Role.values()) {
            if (role.toString().equals(text.toLowerCase(Locale.ROOT))) return role;
        }
        throw new Usage("--role is " + text + ", it must be client or server");
    }

    Duration timeout() {
        String text = value("--timeout", "2s");
        Matcher matcher = TIME.matcher(text);
        if (matcher.matches()) {
            long amount = Long.parseLong(matcher.group(1));
            Duration timeout = switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "m" -> Duration.ofMinutes(amount);
                default -> Duration.ofSeconds(amount);
            };
            if (timeout.compareTo(LEAST_TIMEOUT) >= 0 && timeout.compareTo(MOST_TIMEOUT) <= 0) return timeout;
        }
        throw new Usage("--timeout is " + text + ", it must be a time between 50ms and 10m, such as 500ms or 2s");
    }

    /** Returns the selected cases in the order of the suite; all of them if none is selected. */
    List<Case> cases() {
        List<String> globs = given.matchedOptionValue("--case", List.of());
        if (globs.isEmpty()) return Suite.all();
        Set<Case> chosen = new LinkedHashSet<>();
        for (String glob : globs) {
            List<Case> matching = Suite.matching(glob);
            if (matching.isEmpty()) throw new Usage("no case matches " + glob + "; --list prints all cases");
            chosen.addAll(matching);
        }
        return Suite.all().stream().filter(chosen::contains).toList();
    }

    /** Returns the address on which to listen for the endpoint; null if the kit connects to it. */
    @Nullable
    Address listen() {
        if (!given.hasMatchedOption("--listen")) return null;
        if (!given.unmatched().isEmpty())
            throw new Usage("--listen and an address to connect to exclude each other: "
                    + given.unmatched().get(0));
        String text = value("--listen", "");
        return text.indexOf(':') < 0 ? new Address("127.0.0.1", port(text, text, 0)) : address(text, 0);
    }

    /** Returns the address of the endpoint. */
    Address connect() {
        List<String> rest = new ArrayList<>(given.unmatched());
        if (rest.isEmpty()) throw new Usage("the address of the endpoint is missing; give host:port, or --listen");
        if (rest.size() > 1) throw new Usage("more than one address: " + rest.get(1));
        return address(rest.get(0), 1);
    }

    private static Address address(String text, int lowestPort) {
        Matcher matcher = ADDRESS.matcher(text);
        if (!matcher.matches())
            throw new Usage("the address is " + text + ", it must be host:port, or [host]:port for IPv6");
        String bracketed = matcher.group(1);
        String host = bracketed == null ? matcher.group(2) : bracketed;
        if (host.isEmpty()) throw new Usage("the address is " + text + ", it must have a host");
        return new Address(host, port(matcher.group(3), text, lowestPort));
    }

    private static int port(String text, String whole, int lowest) {
        int port = text.matches("\\d{1,5}") ? Integer.parseInt(text) : -1;
        if (port < lowest || port > 65_535)
            throw new Usage("the port in " + whole + " must be a number between " + lowest + " and 65535");
        return port;
    }

    private String value(String option, String otherwise) {
        String value = given.matchedOptionValue(option, otherwise);
        return value == null ? otherwise : value;
    }

    /** A host and a port; the port may be 0 if the kit listens. */
    record Address(String host, int port) {}

    static String hostAndPort(String host, int port) {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
