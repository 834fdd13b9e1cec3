package org.relay4j.api;

import java.net.IDN;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a service at a relay server, to which visitors connect: a public TCP port, a public UDP port, or a host name.
 * Immutable.
 *
 * <pre>{@code
 * Endpoint.port(5432); // tcp/5432
 * Endpoint.anyPort(); // tcp/0, a free port that the server chooses
 * Endpoint.udpPort(5353); // udp/5353
 * Endpoint.host("app.example.com"); // host/app.example.com
 * Endpoint.anyHost(); // host/0, a random name under the server's domain
 * }</pre>
 *
 * <p>{@link #toString} returns the text that is sent to the server, and {@link #parse} reads it.
 */
public final class Endpoint {
    /** The kinds of endpoints. */
    public enum Kind {
        /** A public TCP port. */
        TCP,
        /** A public UDP port. */
        UDP,
        /** A host name, which visitors reach through the HTTPS or HTTP port of the server. */
        HOST
    }

    private static final int LONGEST_NAME = 253; // of RFC 1035, without the dot at the end
    private static final String LABEL = "(?!-)[a-z0-9-]{1,63}(?<!-)";
    private static final Pattern NAME = Pattern.compile(LABEL + "(\\." + LABEL + ")*");
    private static final Pattern LAST_IS_NUMBER = Pattern.compile("(.*\\.)?([0-9]+|0x[0-9a-f]*)");

    private final Kind kind;
    private final int number; // of a port; 0 means that the server chooses
    private final String name; // of a host; empty means that the server chooses, or that this is a port

    private Endpoint(Kind kind, int number, String name) {
        this.kind = kind;
        this.number = number;
        this.name = name;
    }

    /**
     * Returns a public TCP port.
     *
     * @throws IllegalArgumentException if it is not between 1 and 65535
     */
    public static Endpoint port(int number) {
        return new Endpoint(Kind.TCP, checked(number), "");
    }

    /** Returns a public TCP port that the server chooses. */
    public static Endpoint anyPort() {
        return new Endpoint(Kind.TCP, 0, "");
    }

    /**
     * Returns a public UDP port.
     *
     * @throws IllegalArgumentException if it is not between 1 and 65535
     */
    public static Endpoint udpPort(int number) {
        return new Endpoint(Kind.UDP, checked(number), "");
    }

    /** Returns a public UDP port that the server chooses. */
    public static Endpoint anyUdpPort() {
        return new Endpoint(Kind.UDP, 0, "");
    }

    /**
     * Returns a host name. Case and a dot at the end do not matter; an internationalized name is converted to its ASCII form.
     *
     * @throws IllegalArgumentException if it is not a host name, for example because it contains a port, a wildcard or an IP address
     */
    public static Endpoint host(String name) {
        String ascii;
        try {
            ascii = IDN.toASCII(Objects.requireNonNull(name, "name")).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            throw malformed(name, e);
        }
        if (ascii.endsWith(".")) ascii = ascii.substring(0, ascii.length() - 1);
        if (!isName(ascii)) throw malformed(name, null);
        return new Endpoint(Kind.HOST, 0, ascii);
    }

    /** Returns a random host name that the server chooses under its own domain. */
    public static Endpoint anyHost() {
        return new Endpoint(Kind.HOST, 0, "");
    }

    /**
     * Returns the endpoint with a text such as {@code tcp/5432}, {@code tcp/0}, {@code udp/5353}, {@code host/app.example.com} or {@code
     * host/0}, as {@link #toString} returns it.
     *
     * @throws IllegalArgumentException if it is not the text of an endpoint
     */
    public static Endpoint parse(String text) {
        int slash = text.indexOf('/');
        String value = text.substring(slash + 1);
        return switch (slash < 0 ? "" : text.substring(0, slash)) {
            case "tcp" -> new Endpoint(Kind.TCP, number(text, value), "");
            case "udp" -> new Endpoint(Kind.UDP, number(text, value), "");
            case "host" -> {
                if (value.equals("0")) yield anyHost();
                if (!isName(value)) throw malformed(value, null);
                yield new Endpoint(Kind.HOST, 0, value);
            }
            default ->
                throw new IllegalArgumentException(
                        "'" + text + "' is not an endpoint; it must begin with tcp/, udp/ or host/");
        };
    }

    private static int number(String text, String value) {
        boolean isNumber = !value.isEmpty()
                && value.length() <= 5
                && value.chars().allMatch(c -> c >= '0' && c <= '9')
                && (value.length() == 1 || value.charAt(0) != '0');
        int number = isNumber ? Integer.parseInt(value) : -1;
        if (number < 0 || number > 65_535) {
            throw new IllegalArgumentException("the port of '" + text + "' must be 0 to 65535");
        }
        return number;
    }

    private static int checked(int number) {
        if (number < 1 || number > 65_535) {
            throw new IllegalArgumentException("the port is " + number + ", it must be 1 to 65535");
        }
        return number;
    }

    /** Returns whether this is a host name in lower case, of letters, digits and hyphens. The last label of a name is no number. */
    private static boolean isName(String text) {
        return text.length() <= LONGEST_NAME
                && NAME.matcher(text).matches()
                && !LAST_IS_NUMBER.matcher(text).matches();
    }

    private static IllegalArgumentException malformed(String name, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "'" + name
                        + "' is not a host name; it must be like app.example.com, without port, wildcard or IP address",
                cause);
    }

    /** Returns its kind. */
    public Kind kind() {
        return kind;
    }

    /** Returns the port; 0 if the server chooses it, or this is a host name. */
    public int number() {
        return number;
    }

    /** Returns the host name, in ASCII and lower case; empty if the server chooses it, or this is a port. */
    public String name() {
        return name;
    }

    /** Returns whether the server chooses the port or the name. */
    public boolean isAny() {
        return number == 0 && name.isEmpty();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Endpoint that && kind == that.kind && number == that.number && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, number, name);
    }

    /** Returns the text that is sent to the server, such as {@code tcp/5432}. */
    @Override
    public String toString() {
        String value = kind == Kind.HOST && !name.isEmpty() ? name : String.valueOf(number);
        return kind.name().toLowerCase(Locale.ROOT) + "/" + value;
    }
}
