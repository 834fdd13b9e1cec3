package org.relay4j.cli;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.UnixSockets;

/**
 * The host and port of a relay server from the user, or its Unix-domain socket in place of the host: arguments, or for missing arguments environment variables or keys of the
 * configuration file. A server uses only the port.
 */
record ServerAddress(@Nullable Value host, @Nullable Value port) {
    static final String HOST_VARIABLE = "RELAY_HOST";
    static final String PORT_VARIABLE = "RELAY_PORT";

    // relay.example.com:7000 or [2001:db8::1]:7000; an IPv6 address without brackets is a host without a port
    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[[^\\]]*]|[^:/\\[\\]]*):([^:/]*)");
    private static final Pattern NUMBER = Pattern.compile("-?\\d+");

    /**
     * Combines arguments, environment and configuration file.
     *
     * @param positional at most two arguments
     */
    static ServerAddress of(List<String> positional, Map<String, String> environment, ConfigFile file) {
        String host = null;
        String port = null;
        if (positional.size() == 2) {
            host = positional.get(0);
            port = positional.get(1);
        } else if (positional.size() == 1) {
            String only = positional.get(0);
            Matcher both = HOST_AND_PORT.matcher(only);
            if (only.startsWith(UnixSockets.PREFIX)) host = only;
            else if (both.matches()) {
                host = both.group(1);
                port = both.group(2);
            } else if (isNumber(only)) port = only;
            else host = only;
        }
        boolean socket = host != null && host.startsWith(UnixSockets.PREFIX);
        Value hostValue = value(socket ? "the server" : "<host>", host, HOST_VARIABLE, environment);
        Value portValue = value("<port>", port, PORT_VARIABLE, environment);
        return new ServerAddress(
                hostValue == null ? file.host() : hostValue, portValue == null ? file.port() : portValue);
    }

    /**
     * Parses a list of hosts with ports. They are not resolved.
     *
     * @throws CommandFailure if it is malformed
     */
    static List<InetSocketAddress> list(Value list) {
        List<InetSocketAddress> servers = new ArrayList<>();
        for (String each : list.list()) {
            servers.add(
                    hostAndPort(list, each, "a list of <host>:<port>, such as a.example.com:7000,b.example.com:7000"));
        }
        return servers;
    }

    /**
     * Parses a host, an IPv6 address in brackets, and a port. The host is not resolved.
     *
     * @param form what the source must be, for a message
     * @throws CommandFailure if the text is malformed
     */
    static InetSocketAddress hostAndPort(Value source, String text, String form) {
        Matcher both = HOST_AND_PORT.matcher(text);
        if (!both.matches() || both.group(1).isEmpty()) throw source.mustBe(form);
        String host = new Value(source.name(), both.group(1)).host();
        return InetSocketAddress.createUnresolved(host, new Value(source.name(), both.group(2)).port(1));
    }

    /** Returns true if an argument can only be a port. */
    static boolean isNumber(String argument) {
        return NUMBER.matcher(argument).matches();
    }

    private static @Nullable Value value(
            String name, @Nullable String argument, String variable, Map<String, String> environment) {
        if (argument != null) return new Value(name, argument);
        String text = environment.getOrDefault(variable, "");
        return text.isEmpty() ? null : new Value(variable, text);
    }

    /** Throws if a part is missing. */
    void require(Mode mode, ConfigFile file) {
        if (mode == Mode.SERVER) requirePort(file);
        else if (mode == Mode.FORWARDER) requireBoth(file);
    }

    private void requirePort(ConfigFile file) {
        if (host != null && file == ConfigFile.NONE) { // meant for a forwarder
            throw CommandFailure.usage(HOST_VARIABLE + " is set, but neither " + Flag.LOCAL_FORWARD_PORT + " nor "
                    + Flag.LOCAL_FORWARD_PORT.variable()
                    + ": a forwarder also needs the port of the local service");
        }
        if (port != null) return;
        throw CommandFailure.usage("<localport> is missing: relay <localport> runs a server, relay "
                + Flag.LOCAL_FORWARD_PORT + "=<port> <host>:<port> a forwarder" + file.remedy(ConfigFile.PORT));
    }

    private void requireBoth(ConfigFile file) {
        if (host != null && (port != null || SocketArguments.isSocket(host))) return;
        String needs = "a forwarder needs the relay server's <host>:<port>: ";
        if (host == null) {
            String missing = port == null ? "both are missing" : "<host> is missing";
            throw CommandFailure.usage(needs + missing + file.remedy(ConfigFile.HOST));
        }
        boolean ipv6 = host.host().indexOf(':') >= 0; // a bad host is the better message
        throw CommandFailure.usage(
                needs + "<port> is missing" + (ipv6 ? "; write [::1]:7000 for IPv6" : file.remedy(ConfigFile.PORT)));
    }
}
