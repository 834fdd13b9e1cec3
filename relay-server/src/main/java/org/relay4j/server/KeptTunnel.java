package org.relay4j.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.proxy.AddressLiteral;

/**
 * What the next process needs to know of a tunnel with a lease.
 *
 * @param id the id with which its leases begin
 * @param port the public port that its client asked for at first; 0 if it has none
 * @param owner name of its client; null without one
 * @param client address of its first client, which it counts for
 * @param visitorAddress whether each stream begins with the address of its visitor
 * @param connections no connection so far has a higher number, so the next process numbers from here
 * @param leases SHA-256 hashes of the valid leases in hex, the oldest first
 * @param others its other endpoints: each has a line of its own after that of the tunnel
 */
record KeptTunnel(
        String id,
        int port,
        @Nullable String owner,
        InetSocketAddress client,
        boolean visitorAddress,
        int connections,
        List<String> leases,
        List<Endpoint> others) {
    private static final String KEYWORD = "tunnel";
    private static final String NONE = "none";
    private static final Set<String> WORDS =
            Set.of("id", "port", "name", "client", "visitor-address", "connections", "leases");
    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");
    private static final Pattern HASHES =
            Pattern.compile("[0-9a-f]{64}(,[0-9a-f]{64}){0," + (Lease.MOST_VALID - 1) + "}");
    private static final int HIGHEST_CONNECTION = 999_999_999;
    private static final int NUMBERS_OF_A_NODE = 100_000; // of connections

    KeptTunnel {
        leases = List.copyOf(leases);
        others = List.copyOf(others);
        require(!leases.isEmpty() && leases.size() <= Lease.MOST_VALID, "1 to " + Lease.MOST_VALID + " leases");
    }

    /** Returns whether a text has the form of an id. */
    static boolean isId(String text) {
        return ID.matcher(text).matches();
    }

    /** Returns all its endpoints. */
    List<Endpoint> endpoints() {
        if (port == 0) return others;
        List<Endpoint> all = new ArrayList<>(others.size() + 1);
        all.add(Endpoint.port(port));
        all.addAll(others);
        return all;
    }

    /** Returns the tunnel without an endpoint. */
    KeptTunnel without(Endpoint lost) {
        boolean isPort = port > 0 && lost.equals(Endpoint.port(port));
        List<Endpoint> left = others.stream().filter(each -> !each.equals(lost)).toList();
        return new KeptTunnel(id, isPort ? 0 : port, owner, client, visitorAddress, connections, leases, left);
    }

    /** Returns the tunnel with one more endpoint. */
    KeptTunnel with(Endpoint another) {
        List<Endpoint> more = new ArrayList<>(others);
        more.add(another);
        return new KeptTunnel(id, port, owner, client, visitorAddress, connections, leases, more);
    }

    /**
     * Returns the line of a tunnel that several nodes carry, with a change that one of them has made: the leases that it has added or
     * removed.
     *
     * @param present the line as it is stored
     * @param before the line as that node had it
     * @param after the line as that node has it now
     */
    static String merge(String present, String before, String after) {
        if (present.equals(before) || present.isEmpty() || before.isEmpty() || after.isEmpty()) return after;
        KeptTunnel stored = parseOrNull(present);
        KeptTunnel old = parseOrNull(before); // as it was read: from the store, perhaps
        if (stored == null || old == null) return after; // damaged: what this node knows replaces it
        KeptTunnel now = parse(after);
        List<String> leases = new ArrayList<>(stored.leases);
        leases.removeIf(each -> old.leases.contains(each) && !now.leases.contains(each));
        for (String each : now.leases) if (!old.leases.contains(each) && !leases.contains(each)) leases.add(each);
        while (leases.size() > Lease.MOST_VALID) leases.remove(0);
        if (leases.isEmpty()) return after;
        int connections = Math.max(stored.connections, now.connections);
        return now.with(connections, leases).line().toString();
    }

    /** @throws IllegalArgumentException if the line is not that of a tunnel; the message says why */
    static KeptTunnel parse(String line) {
        byte[] bytes = line.getBytes(StandardCharsets.US_ASCII);
        return of(ControlLine.parse(bytes, bytes.length));
    }

    private static @Nullable KeptTunnel parseOrNull(String line) {
        try {
            return parse(line);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private KeptTunnel with(int highest, List<String> valid) {
        return new KeptTunnel(id, port, owner, client, visitorAddress, highest, valid, others);
    }

    /** Returns the tunnel for one more node that carries it: the connections there have numbers that no other node uses. */
    KeptTunnel shared() {
        int next = connections + NUMBERS_OF_A_NODE;
        return with(next > HIGHEST_CONNECTION ? NUMBERS_OF_A_NODE : next, leases);
    }

    /** Returns its line, without the other endpoints. */
    ControlLine line() {
        ControlLine line = ControlLine.of(KEYWORD).with("id", id).with("port", port == 0 ? NONE : port);
        if (owner != null) line = line.with("name", owner);
        line = line.with(
                "client", client.getAddress().getHostAddress().replaceFirst("%.*", "") + "/" + client.getPort());
        if (visitorAddress) line = line.with("visitor-address");
        return line.with("connections", connections).with("leases", String.join(",", leases));
    }

    /**
     * Returns a tunnel without other endpoints.
     *
     * @throws IllegalArgumentException if the line is not that of a tunnel; the message says why
     */
    static KeptTunnel of(ControlLine line) {
        require(line.keyword().equals(KEYWORD), "it does not begin with '" + KEYWORD + "'");
        for (Map.Entry<String, @Nullable String> word : line.words().entrySet()) {
            require(WORDS.contains(word.getKey()), "it has an unknown word");
            boolean bare = word.getKey().equals("visitor-address");
            require(bare == (word.getValue() == null), "a value is missing, or not expected");
        }
        String id = value(line, "id");
        require(ID.matcher(id).matches(), "'id' must be 32 hexadecimal digits");
        String name = line.value("name");
        require(name == null || ClientName.isValid(name), "'name' is not a name");
        String hashes = value(line, "leases");
        require(HASHES.matcher(hashes).matches(), "'leases' must be 1 to " + Lease.MOST_VALID + " hashes of 64 digits");
        return new KeptTunnel(
                id,
                value(line, "port").equals(NONE) ? 0 : number(value(line, "port"), "port", 1, 65_535),
                name,
                client(value(line, "client")),
                line.has("visitor-address"),
                number(value(line, "connections"), "connections", 0, HIGHEST_CONNECTION),
                List.of(hashes.split(",")),
                List.of());
    }

    private static InetSocketAddress client(String text) {
        int slash = text.indexOf('/');
        InetAddress address = slash < 0 ? null : AddressLiteral.parse(text.substring(0, slash));
        if (address == null) throw new IllegalArgumentException("'client' must be an IP address, '/' and a port");
        return new InetSocketAddress(address, number(text.substring(slash + 1), "client", 0, 65_535));
    }

    private static String value(ControlLine line, String word) {
        String value = line.value(word);
        if (value == null) throw new IllegalArgumentException("'" + word + "' is missing");
        return value;
    }

    private static int number(String text, String word, int lowest, int highest) {
        int number = ControlLine.parseNumber(text);
        require(
                lowest <= number && number <= highest,
                "the number of '" + word + "' must be between " + lowest + " and " + highest);
        return number;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) throw new IllegalArgumentException(otherwise);
    }

    @Override
    public String toString() {
        return "tunnel " + id + " " + endpoints();
    }
}
