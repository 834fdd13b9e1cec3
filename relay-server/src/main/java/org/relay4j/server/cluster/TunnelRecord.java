package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ClientName;

/**
 * A tunnel as the registry has it.
 *
 * @param id 32 hexadecimal digits
 * @param owner the name of its client; null without one
 * @param leased whether its client may come back with a lease. When a node leaves, the claims of other tunnels are released.
 * @param endpoints at most {@value #MOST_ENDPOINTS}
 * @param text what the relay server needs to restore the tunnel; at most {@value #LONGEST_TEXT} characters
 * @param stored where it was read; {@link Stored#NONE} for a tunnel that is not stored yet
 */
public record TunnelRecord(
        String id, @Nullable String owner, boolean leased, List<Endpoint> endpoints, String text, Stored stored) {
    /** Maximum number of endpoints. */
    public static final int MOST_ENDPOINTS = 33;

    /** Maximum length of the text. Unit: characters. */
    public static final int LONGEST_TEXT = 16_384;

    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");

    /**
     * Who wrote a record.
     *
     * @param node the node on whose lease it depends
     * @param incarnation of that node
     * @param epoch the number of the takeover since which the tunnel is where it is
     * @param revision of the store
     */
    public record Stored(String node, String incarnation, long epoch, long revision) {
        /** Not stored yet. */
        public static final Stored NONE = new Stored("", "", 0, 0);
    }

    /** @throws IllegalArgumentException if a value is out of range */
    public TunnelRecord {
        endpoints = List.copyOf(endpoints);
        if (!isId(id)) throw new IllegalArgumentException("the id of a tunnel has 32 hexadecimal digits");
        if (owner != null && !ClientName.isValid(owner)) {
            throw new IllegalArgumentException("the owner of a tunnel is " + ClientName.FORM);
        }
        if (endpoints.size() > MOST_ENDPOINTS) {
            throw new IllegalArgumentException("a tunnel has at most " + MOST_ENDPOINTS + " endpoints");
        }
        if (endpoints.stream().anyMatch(Endpoint::isAny)) {
            throw new IllegalArgumentException("only a port or a name that was chosen can be claimed");
        }
        if (text.length() > LONGEST_TEXT) {
            throw new IllegalArgumentException("the text of a tunnel has at most " + LONGEST_TEXT + " characters");
        }
    }

    static boolean isId(String text) {
        return ID.matcher(text).matches();
    }

    /** Returns a tunnel that is not stored yet. */
    public static TunnelRecord of(String id, @Nullable String owner, boolean leased, String text) {
        return new TunnelRecord(id, owner, leased, List.of(), text, Stored.NONE);
    }

    TunnelRecord endpoints(List<Endpoint> now) {
        return new TunnelRecord(id, owner, leased, now, text, stored);
    }

    TunnelRecord with(Endpoint another) {
        if (endpoints.contains(another)) return this;
        List<Endpoint> more = new ArrayList<>(endpoints);
        more.add(another);
        return endpoints(more);
    }

    TunnelRecord text(String now) {
        return new TunnelRecord(id, owner, leased, endpoints, now, stored);
    }

    TunnelRecord stored(Stored now) {
        return new TunnelRecord(id, owner, leased, endpoints, text, now);
    }

    /** Does not contain the text, which has hashes of secrets. */
    @Override
    public String toString() {
        return "tunnel " + id + " " + endpoints + " " + stored;
    }
}
