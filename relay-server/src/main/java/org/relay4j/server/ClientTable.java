package org.relay4j.server;

import java.io.IOException;
import java.security.PublicKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.files.TomlFile;
import org.relay4j.yamux.io.Bandwidth;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** The table of one client in a {@link ClientsFile}. */
final class ClientTable {
    private static final String KEY = "key";
    private static final String CERTIFICATE = "certificate";
    private static final String PORTS = "ports";
    private static final String UDP_PORTS = "udp-ports";
    private static final String HOSTS = "hosts";
    private static final String SHARE = "share";
    private static final String BANDWIDTH = "bandwidth";

    /** Sets a number. */
    private interface Setter {
        ClientLimits.Builder set(ClientLimits.Builder limits, int number);
    }

    /** A number with its maximum. */
    private record Limit(String key, int most, Setter setter) {}

    private static final List<Limit> LIMITS = List.of(
            new Limit("max-tunnels", 60_000, ClientLimits.Builder::maxTunnels),
            new Limit("max-connections", 8, ClientLimits.Builder::maxConnections),
            new Limit("max-endpoints", Endpoints.MOST, ClientLimits.Builder::maxEndpoints),
            new Limit("max-visitors", 1_000_000, ClientLimits.Builder::maxVisitors),
            new Limit("max-visitors-per-address", 1_000_000, ClientLimits.Builder::maxVisitorsPerAddress),
            new Limit("visitors-per-second", 1_000_000, ClientLimits.Builder::visitorsPerSecond));

    private static final List<String> KNOWN = Stream.concat(
                    Stream.of(KEY, CERTIFICATE, PORTS, UDP_PORTS, HOSTS, SHARE, BANDWIDTH),
                    LIMITS.stream().map(Limit::key))
            .toList();

    private static final Pattern RANGE = Pattern.compile("([0-9]{1,5})-([0-9]{1,5})");

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9})([kKmM])");

    private final TomlFile file;
    private final String name;
    private final TomlTable table;

    ClientTable(TomlFile file, String name, TomlTable table) {
        this.file = file;
        this.name = name;
        this.table = table;
    }

    /** @param at where the table begins */
    NamedClient client(TomlPosition at) throws IOException {
        Set<PublicKey> keys = new HashSet<>();
        boolean certificate = false;
        ClientLimits.Builder limits = ClientLimits.builder();
        for (String key : table.keySet()) {
            Object value = value(key);
            switch (key) {
                case KEY -> keys = keys(value);
                case CERTIFICATE -> certificate = truth(key, value);
                case PORTS -> ports(key, value, limits::ports);
                case UDP_PORTS -> ports(key, value, limits::udpPorts);
                case HOSTS -> hosts(limits, value);
                case SHARE -> limits.share(truth(key, value));
                case BANDWIDTH -> bandwidth(limits, value);
                default -> limit(limits, key, value);
            }
        }
        if (keys.isEmpty() && !certificate) {
            throw file.error(
                    at,
                    "the client \"" + name + "\" cannot prove its name; add its public key (key = \"...\"), or"
                            + " certificate = true");
        }
        return new NamedClient(keys, certificate, limits.build());
    }

    private Object value(String key) throws IOException {
        Object value = table.get(List.of(key));
        if (value == null) throw error(key, "has no value");
        return value;
    }

    private Set<PublicKey> keys(Object value) throws IOException {
        Set<PublicKey> keys = new HashSet<>();
        if (!(value instanceof TomlArray array)) {
            keys.add(key(position(KEY), value));
            return keys;
        }
        if (array.isEmpty() || array.size() > NamedClient.MOST_KEYS) {
            throw error(KEY, "must have 1 to " + NamedClient.MOST_KEYS + " keys, it has " + array.size());
        }
        for (int i = 0; i < array.size(); i++) keys.add(key(array.inputPositionOf(i), array.get(i)));
        return keys;
    }

    private PublicKey key(TomlPosition at, Object value) throws IOException {
        if (!(value instanceof String text)) {
            throw file.error(at, "\"key\" must be a string, or a list of strings: base64 of an Ed25519 public key");
        }
        try {
            return Ed25519.publicKey(text);
        } catch (IllegalArgumentException e) {
            throw file.error(at, e.getMessage() + "; use the line that \"relay keygen --client\" prints");
        }
    }

    private boolean truth(String key, Object value) throws IOException {
        if (value instanceof Boolean truth) return truth;
        throw error(key, "must be true or false");
    }

    private void ports(String key, Object value, BiConsumer<Integer, Integer> limits) throws IOException {
        if (!(value instanceof TomlArray array)) {
            throw error(key, "must be a list of ports and ranges, such as [5432, \"7000-7010\"]");
        }
        if (array.isEmpty()) {
            String without = key.equals(PORTS) ? "to let the server choose a port" : "if the client may have none";
            throw error(key, "is empty; remove it " + without);
        }
        for (int i = 0; i < array.size(); i++) {
            PortRange range = range(array.get(i));
            if (range == null) {
                throw file.error(
                        array.inputPositionOf(i),
                        "a port must be a number of 1 to 65535, or a range such as \"7000-7010\"");
            }
            limits.accept(range.lowest(), range.highest());
        }
    }

    private void hosts(ClientLimits.Builder limits, Object value) throws IOException {
        if (!(value instanceof TomlArray array) || array.isEmpty()) {
            throw error(HOSTS, "must be a list of host names, such as [\"app.example.com\", \"*.alice.example.com\"]");
        }
        for (int i = 0; i < array.size(); i++) {
            if (!(array.get(i) instanceof String host)) {
                throw file.error(array.inputPositionOf(i), "a host name must be a string");
            }
            try {
                limits.host(host);
            } catch (IllegalArgumentException e) {
                throw file.error(array.inputPositionOf(i), String.valueOf(e.getMessage()));
            }
        }
    }

    /** Null if the value is neither a port nor a range. */
    private static @Nullable PortRange range(Object value) {
        long lowest = 0;
        long highest = 0;
        if (value instanceof Long port) {
            lowest = port;
            highest = port;
        } else if (value instanceof String text) {
            Matcher range = RANGE.matcher(text);
            if (!range.matches()) return null;
            lowest = Long.parseLong(range.group(1));
            highest = Long.parseLong(range.group(2));
        }
        if (lowest < 1 || highest < lowest || highest > 65_535) return null;
        return new PortRange((int) lowest, (int) highest);
    }

    private void bandwidth(ClientLimits.Builder limits, Object value) throws IOException {
        long bytes = -1;
        if (value instanceof Long number) bytes = number;
        else if (value instanceof String text) {
            Matcher size = SIZE.matcher(text);
            if (size.matches())
                bytes = Long.parseLong(size.group(1)) << (size.group(2).equalsIgnoreCase("k") ? 10 : 20);
        }
        if (bytes < Bandwidth.LOWEST || bytes > Bandwidth.HIGHEST) {
            throw error(BANDWIDTH, "must be bytes per second, such as \"512k\" or \"4m\", from \"64k\" to \"4096m\"");
        }
        limits.bandwidth(bytes);
    }

    private void limit(ClientLimits.Builder limits, String key, Object value) throws IOException {
        Limit limit = LIMITS.stream()
                .filter(known -> known.key.equals(key))
                .findFirst()
                .orElse(null);
        if (limit == null) throw unknown(key, value);
        if (value instanceof Long number && number >= 1 && number <= limit.most) {
            limit.setter.set(limits, number.intValue());
        } else throw error(key, "must be a number of 1 to " + limit.most);
    }

    private IOException unknown(String key, Object value) {
        String nearest = TomlFile.nearest(key, KNOWN);
        String remedy = nearest != null
                ? "did you mean \"" + nearest + "\"?"
                : value instanceof TomlTable
                        ? "a name with a dot is quoted, as in [clients.\"a.b\"]"
                        : "known are " + String.join(", ", KNOWN);
        return file.error(position(key), "unknown key " + TomlFile.quoted(key) + "; " + remedy);
    }

    private TomlPosition position(String key) {
        return TomlFile.position(table, key);
    }

    private IOException error(String key, String message) {
        return file.error(position(key), '"' + key + "\" " + message);
    }
}
