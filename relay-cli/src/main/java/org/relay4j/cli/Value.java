package org.relay4j.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An unparsed text from the user.
 *
 * @param name its source, for messages: {@code --bind}, {@code RELAY_BIND}, {@code <host>}, {@code relay.toml:3:1: bind}
 * @param text the text itself
 * @param folder of the configuration file that has it, with which a relative path begins; null if it is from elsewhere
 */
record Value(String name, String text, @Nullable Path folder) {
    static final int HIGHEST_PORT = 65_535;

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)?");
    private static final Pattern BYTES = Pattern.compile("(\\d{1,9})([kKmM]?)");
    private static final Pattern PORTS = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    /** A value from the command line or the environment. */
    Value(String name, String text) {
        this(name, text, null);
    }

    boolean isFromFile() {
        return folder != null;
    }

    /** Returns where the value is from: {@code command line}, a variable, or {@code file:line:column}. */
    String origin() {
        if (isFromFile()) return name.substring(0, name.lastIndexOf(": "));
        return name.startsWith("RELAY_") ? name : "command line";
    }

    /** A range of ports, both ends included. */
    record PortRange(int lowest, int highest) {}

    int port(int lowest) {
        int port = -1;
        if (text.matches("\\d{1,5}")) port = Integer.parseInt(text);
        if (port < lowest || port > HIGHEST_PORT) {
            throw mustBe("a port number, " + lowest + " to " + HIGHEST_PORT);
        }
        return port;
    }

    PortRange portRange() {
        Matcher matcher = PORTS.matcher(text);
        if (matcher.matches()) {
            int lowest = Integer.parseInt(matcher.group(1));
            int highest = matcher.group(2) == null ? lowest : Integer.parseInt(matcher.group(2));
            if (lowest >= 1 && lowest <= highest && highest <= HIGHEST_PORT) return new PortRange(lowest, highest);
        }
        throw mustBe("one port or a range of them, such as 20000-29999, from 1 to " + HIGHEST_PORT);
    }

    int count() {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw mustBe("a whole number");
        }
    }

    Duration duration() {
        Matcher matcher = DURATION.matcher(text.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) throw mustBe("a time such as 10s, 500ms or 2m");
        long amount = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2) == null ? "s" : matcher.group(2);
        return switch (unit) {
            case "ms" -> Duration.ofMillis(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofSeconds(amount);
        };
    }

    /** Parses a size in bytes; k and m are 2^10 and 2^20. */
    int bytes() {
        Matcher matcher = BYTES.matcher(text);
        if (!matcher.matches()) throw mustBe("a number of bytes such as 512k or 4m");
        int shift = switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
            case "k" -> 10;
            case "m" -> 20;
            default -> 0;
        };
        long bytes = Long.parseLong(matcher.group(1)) << shift;
        if (bytes > Integer.MAX_VALUE) throw mustBe("less than 2048m");
        return (int) bytes;
    }

    InetAddress address() {
        try {
            if (text.isEmpty()) throw new UnknownHostException();
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw mustBe("an address of this machine, or a host name of one");
        }
    }

    /** Parses a host name or address without resolving it. An IPv6 address may have brackets. */
    String host() {
        boolean bracketed = text.startsWith("[") && text.endsWith("]");
        String host = bracketed ? text.substring(1, text.length() - 1) : text;
        // A name has no colon, an IPv6 address has at least two.
        boolean oneColon = host.indexOf(':') >= 0 && host.indexOf(':') == host.lastIndexOf(':');
        if (host.isBlank() || oneColon || host.matches(".*[\\s/@\\[\\]].*")) {
            throw mustBe("a host name or an address");
        }
        return host;
    }

    /** The parts of a list that is separated by commas. */
    List<String> list() {
        List<String> parts = new ArrayList<>();
        for (String part : text.split(",", -1)) parts.add(part.strip());
        return parts;
    }

    Path path() {
        try {
            if (!text.isEmpty()) return folder == null ? Path.of(text) : folder.resolve(text);
        } catch (InvalidPathException e) {
            // the same as an empty one
        }
        throw mustBe("the name of a file");
    }

    /** Parses the value of a variable whose option has no value. */
    boolean isOn() {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "1", "yes", "on" -> true;
            case "false", "0", "no", "off" -> false;
            default -> throw mustBe("true or false");
        };
    }

    CommandFailure mustBe(String what) {
        return CommandFailure.usage(name + " is '" + text + "', it must be " + what);
    }

    /** Returns the library's message about this value, with the name of its source. */
    CommandFailure rejected(IllegalArgumentException objection) {
        String message = String.valueOf(objection.getMessage());
        int demand = message.indexOf(", it must be ");
        String rest = demand < 0 ? ": " + message : message.substring(demand);
        return CommandFailure.usage(name + " is '" + text + "'" + rest);
    }
}
