package org.relay4j.server;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counts tunnels against the limits of the server, of an address and of a name. A held tunnel counts, and is displaced first.
 * Guarded by the lock of {@link Admission}.
 */
final class Places {
    /*
     * At the limit of an address or name, its tunnel that has been held for the longest time is displaced. At the limit of the
     * server, only tunnels without a name are displaced, because strangers must not end the tunnels of known clients.
     */

    private RelayServerOptions options;
    private final Map<InetAddress, Group> addresses = new HashMap<>(); // those with tunnels
    private final Map<String, Group> names = new HashMap<>(); // those with tunnels
    private final Set<Place> nameless = new LinkedHashSet<>(); // held; the longest held first
    private int tunnels;

    Places(RelayServerOptions options) {
        this.options = options;
    }

    /** Uses other limits from now on. */
    void update(RelayServerOptions newOptions) {
        options = newOptions;
    }

    /**
     * The decision about a new tunnel.
     *
     * @param place its place; null if it is refused
     * @param refusal why it is refused; null if it is admitted
     * @param yielded the displaced places
     */
    record Answer(@Nullable Place place, @Nullable Refusal refusal, List<Place> yielded) {}

    /**
     * Counts one more tunnel, unless a limit is reached and no held tunnel can be displaced.
     *
     * @param mostOfName maximum number of tunnels with this name; 0 means no limit
     */
    Answer take(InetAddress address, @Nullable String name, int mostOfName) {
        List<Place> yielded = new ArrayList<>(0);
        Group own = name == null ? null : names.get(name);
        if (own != null && mostOfName > 0 && own.tunnels >= mostOfName && !givesWay(own.held, yielded)) {
            return refused(Refusal.TUNNELS_OF_NAME);
        }
        Group site = addresses.get(address);
        if (site != null) {
            long left = yielded.stream()
                    .filter(place -> place.address.equals(address))
                    .count();
            if (site.tunnels - left >= options.maxTunnelsPerAddress() && !givesWay(site.held, yielded)) {
                return refused(Refusal.TUNNELS_OF_ADDRESS);
            }
        }
        if (tunnels - yielded.size() >= options.maxTunnels() && !givesWay(nameless, yielded))
            return refused(Refusal.TUNNELS);
        for (Place place : yielded) leave(place);
        Group ofAddress = addresses.computeIfAbsent(address, key -> new Group());
        Group ofName = name == null ? null : names.computeIfAbsent(name, key -> new Group());
        tunnels++;
        ofAddress.tunnels++;
        if (ofName != null) ofName.tunnels++;
        return new Answer(new Place(address, ofAddress, name, ofName), null, yielded);
    }

    private static Answer refused(Refusal reason) {
        return new Answer(null, reason, List.of());
    }

    /** Chooses another one to displace. */
    private static boolean givesWay(Set<Place> held, List<Place> yielded) {
        for (Place place : held) {
            if (yielded.contains(place)) continue;
            yielded.add(place);
            return true;
        }
        return false;
    }

    /** Called when the tunnel of a place is held: it may be displaced. */
    void hold(Place place, Runnable onYield) {
        if (place.left) return;
        place.onYield = onYield;
        if (place.ofName == null) nameless.add(place);
        else place.ofName.held.add(place);
        place.ofAddress.held.add(place);
    }

    /** The tunnel of a place is served again. False if it has given way. */
    boolean serve(Place place) {
        if (place.left) return false;
        place.onYield = null;
        removeHeld(place);
        return true;
    }

    private void removeHeld(Place place) {
        if (place.ofName == null) nameless.remove(place);
        else place.ofName.held.remove(place);
        place.ofAddress.held.remove(place);
    }

    /** Releases a place. Later calls have no effect. */
    void leave(Place place) {
        if (place.left) return;
        place.left = true;
        removeHeld(place);
        tunnels--;
        if (--place.ofAddress.tunnels == 0) addresses.remove(place.address);
        if (place.ofName != null && --place.ofName.tunnels == 0) names.remove(place.name);
    }

    /** The place of one tunnel. */
    static final class Place {
        private final InetAddress address;
        private final Group ofAddress;
        private final @Nullable String name;
        private final @Nullable Group ofName; // null without a name
        private @Nullable Runnable onYield; // while it is held
        private boolean left;

        private Place(InetAddress address, Group ofAddress, @Nullable String name, @Nullable Group ofName) {
            this.address = address;
            this.ofAddress = ofAddress;
            this.name = name;
            this.ofName = ofName;
        }

        @Nullable
        Runnable onYield() {
            return onYield;
        }
    }

    /** The tunnels of one address or name. */
    private static final class Group {
        final Set<Place> held = new LinkedHashSet<>(0); // the longest held first
        int tunnels;
    }
}
