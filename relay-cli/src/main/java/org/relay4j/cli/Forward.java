package org.relay4j.cli;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.files.TomlFile;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/**
 * One service of a forwarder, and the endpoint at which visitors reach it.
 *
 * @param name different from those of the other services
 * @param local unresolved, or a Unix-domain socket
 * @param share whether other forwarders of the same name serve the endpoint, too
 */
record Forward(String name, SocketAddress local, Endpoint endpoint, boolean share) {
    /** Separates several services in one text. */
    static final String SEPARATOR = "\n";

    static final int MOST = 100;

    static final String PORT = "port";
    static final String HOST = "host";
    static final String SHARE = "share";

    private static final List<String> OPTIONS = List.of(PORT, HOST, SHARE);

    private static final int LONGEST_NAME = 64; // characters
    private static final String ANY = "any";
    static final String UDP = "udp:";
    private static final Pattern NAMED = Pattern.compile("([^=:/]*)=(.*)");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[[^\\]]*]|[^:\\[\\]]*):([^:]*)");

    /**
     * Parses the services of an option.
     *
     * @throws CommandFailure if one of them is wrong, or two cannot be together
     */
    static List<Forward> all(Value value) {
        List<Forward> all = new ArrayList<>();
        Map<String, Forward> names = new HashMap<>();
        Map<Endpoint, Forward> endpoints = new HashMap<>();
        for (String text : texts(value)) {
            Forward next = parse(new Value(value.name(), text));
            if (names.put(next.name, next) != null) {
                throw wrong(
                        value.name(),
                        text,
                        "there is another service " + next.name + "; give each a name of its own, such as web="
                                + next.localText());
            }
            Forward other = next.endpoint.isAny() ? null : endpoints.put(next.endpoint, next);
            if (other != null) {
                throw wrong(
                        value.name(),
                        text,
                        next.option() + " is that of the service " + other.name
                                + " too; choose another for one of them");
            }
            all.add(next);
        }
        if (all.size() > MOST) {
            throw CommandFailure.usage(value.name() + " has " + all.size() + " services, it must have at most " + MOST
                    + "; run a second forwarder for the others");
        }
        return all;
    }

    /** Returns the texts of the services. A variable separates them by spaces. */
    private static String[] texts(Value value) {
        boolean variable = value.name().equals(Flag.FORWARD.variable());
        return variable ? value.text().strip().split("\\s+") : value.text().split(SEPARATOR);
    }

    /** @throws CommandFailure if the text is not that of a service; the message names the value and the remedy */
    static Forward parse(Value service) {
        try {
            return of(service.text());
        } catch (IllegalArgumentException e) {
            throw wrong(service.name(), service.text(), String.valueOf(e.getMessage()));
        }
    }

    private static CommandFailure wrong(String option, String text, String why) {
        return CommandFailure.usage(option + " is '" + text + "': " + why);
    }

    /** @throws IllegalArgumentException if the text is not that of a service; the message has the remedy */
    static Forward of(String text) {
        String[] parts = text.split(",", -1);
        Matcher named = NAMED.matcher(parts[0]);
        String target = named.matches() ? named.group(2) : parts[0];
        String name = named.matches() ? named.group(1) : usualName(target);
        if (named.matches() && !NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name
                    + "' is not a name; it must have 1 to 64 letters, digits, dots, hyphens and underscores, and begin"
                    + " with a letter or digit");
        }
        boolean udp = target.startsWith(UDP);
        SocketAddress local = local(udp ? target.substring(UDP.length()) : target, udp);
        Map<String, String> options = options(parts);
        Endpoint endpoint = endpoint(options, udp);
        boolean share = options.containsKey(SHARE);
        if (share) requireShareable(endpoint);
        return new Forward(name, local, endpoint, share);
    }

    /** Returns the name of a service that has been given none. */
    private static String usualName(String target) {
        String name = target.replaceAll("[^A-Za-z0-9._-]+", "-").replaceFirst("^[._-]+", "");
        return name.substring(Math.max(0, name.length() - LONGEST_NAME));
    }

    private static Map<String, String> options(String[] parts) {
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String key = equals < 0 ? parts[i] : parts[i].substring(0, equals);
            if (!OPTIONS.contains(key)) throw new IllegalArgumentException(unknown(key));
            if (key.equals(SHARE)) {
                if (equals >= 0) throw new IllegalArgumentException("share has no value; write ,share");
            } else if (equals < 0 || equals == parts[i].length() - 1) {
                throw new IllegalArgumentException(key + " has no value; write " + key + "=<" + key + ">");
            }
            if (options.put(key, parts[i].substring(equals + 1)) != null) {
                throw new IllegalArgumentException(key + " is set twice"
                        + (key.equals(SHARE)
                                ? "; remove one"
                                : "; for two endpoints, forward the service twice, with two names"));
            }
        }
        return options;
    }

    private static void requireShareable(Endpoint endpoint) {
        if (endpoint.kind() == Endpoint.Kind.UDP) {
            throw new IllegalArgumentException("a UDP port cannot be shared; remove share");
        }
        if (endpoint.isAny()) {
            throw new IllegalArgumentException("share needs the endpoint that the forwarders share; add port=<port> or"
                    + " host=<host>, the same for each of them");
        }
    }

    private static String unknown(String key) {
        if (key.isEmpty()) return "a comma is followed by nothing; write ,port=<port> or ,host=<host>, or remove it";
        String nearest = TomlFile.nearest(key, OPTIONS);
        return "'" + key + "' is not an option of a service"
                + (nearest == null
                        ? "; the options are port=<port>, host=<host> and share"
                        : " (did you mean " + nearest + "?)");
    }

    private static Endpoint endpoint(Map<String, String> options, boolean udp) {
        String port = options.get(PORT);
        String host = options.get(HOST);
        if (port != null && host != null) {
            throw new IllegalArgumentException(
                    "port and host are both set; for two endpoints, forward the service twice, with two names");
        }
        if (host != null && udp) {
            throw new IllegalArgumentException("a UDP service has no host; use port=<port>");
        }
        if (host != null) return host.equals(ANY) ? Endpoint.anyHost() : Endpoint.host(host);
        if (port == null) return udp ? Endpoint.anyUdpPort() : Endpoint.anyPort();
        int number = number(port);
        return udp ? Endpoint.udpPort(number) : Endpoint.port(number);
    }

    private static SocketAddress local(String text, boolean udp) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("the local service is missing; write its port, "
                    + (udp ? "such as udp:53" : "<host>:<port> or unix:<path>"));
        }
        if (text.contains("://")) {
            throw new IllegalArgumentException(
                    "a URL is not a service; write its host and port, such as localhost:8080");
        }
        if (text.startsWith(UnixSockets.PREFIX)) {
            if (!udp) return unix(text.substring(UnixSockets.PREFIX.length()));
            throw new IllegalArgumentException("a Unix-domain socket for datagrams is not supported; use udp:<port>");
        }
        if (text.matches("\\d+")) return InetSocketAddress.createUnresolved("localhost", number(text));
        Matcher both = HOST_AND_PORT.matcher(text);
        if (both.matches()) {
            String host = host(both.group(1));
            return InetSocketAddress.createUnresolved(host, number(both.group(2)));
        }
        throw new IllegalArgumentException(
                text.indexOf(':') < 0
                        ? "the port is missing; write " + text + ":<port>"
                        : "it must be <port>, <host>:<port> or unix:<path>; write an IPv6 address in brackets, such as"
                                + " [::1]:80");
    }

    private static SocketAddress unix(String text) {
        Path path;
        try {
            path = Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("the path cannot be used: " + e.getReason(), e);
        }
        String invalid = UnixSockets.invalid(path);
        if (invalid != null) throw new IllegalArgumentException(invalid);
        return UnixDomainSocketAddress.of(path);
    }

    private static String host(String text) {
        try {
            return new Value("", text).host();
        } catch (CommandFailure e) {
            throw new IllegalArgumentException("'" + text + "' is not a host name or an address; correct it", e);
        }
    }

    private static int number(String text) {
        try {
            return new Value("", text).port(1);
        } catch (CommandFailure e) {
            throw new IllegalArgumentException("'" + text + "' is not a port; it must be 1 to 65535", e);
        }
    }

    /** Returns whether another service is reached at the same endpoint, in the same way. */
    boolean hasEndpointOf(@Nullable Forward other) {
        return other != null && endpoint.equals(other.endpoint) && share == other.share;
    }

    /** Returns the local service as the user would write it, without a name. */
    String localText() {
        if (local instanceof UnixDomainSocketAddress unix) return UnixSockets.text(unix);
        InetSocketAddress address = (InetSocketAddress) local;
        String text = Sockets.text(address.getHostString(), address.getPort());
        return endpoint.kind() == Endpoint.Kind.UDP ? UDP + text : text;
    }

    /** Returns the same with the absolute path of a Unix-domain socket. */
    String absoluteText() {
        if (!(local instanceof UnixDomainSocketAddress unix)) return localText();
        return UnixSockets.PREFIX + unix.getPath().toAbsolutePath().normalize();
    }

    /** Returns the host name as the user would write it; null if visitors reach the service by a port. */
    @Nullable
    String hostText() {
        if (endpoint.kind() != Endpoint.Kind.HOST) return null;
        return endpoint.isAny() ? ANY : endpoint.name();
    }

    /** Returns the endpoint as an option of the service; null if the server chooses a port. */
    private @Nullable String option() {
        String host = hostText();
        if (host != null) return HOST + "=" + host;
        return endpoint.isAny() ? null : PORT + "=" + endpoint.number();
    }

    /** Returns the text of this service, which can be parsed again. */
    @Override
    public String toString() {
        String option = option();
        return name + "=" + localText() + (option == null ? "" : "," + option) + (share ? "," + SHARE : "");
    }
}
