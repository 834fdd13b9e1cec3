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
 * Counts tunnels against the limits of the server, of an address and of a name. A held tunnel counts, and is displaced first. A
 * tunnel that has given its port back and only lets its last visitors finish is counted apart, with the same limits.
 * Guarded by the lock of {@link Admission}.
 */
final class Places {
    /*
     * At the limit of an address or name, its tunnel that has been held for the longest time is displaced. At the limit of the
     * server, only tunnels without a name are displaced, because strangers must not end the tunnels of known clients.
     *
     * A finishing tunnel must not keep a new one out: it is usually the last tunnel of the same client, which has restarted. It
     * has a connection, however, so the number of finishing ones needs limits too. Beyond one, the oldest within it is reset.
     * At the limit of the server, that is one without a name if there is any.
     */

    private RelayServerOptions options;
    private final Map<InetAddress, Group> addresses = new HashMap<>(); // those with tunnels
    private final Map<String, Group> names = new HashMap<>(); // those with tunnels
    private final Set<Place> nameless = new LinkedHashSet<>(); // held; the longest held first
    private final Set<Place> finishing = new LinkedHashSet<>(); // the oldest first
    private final Set<Place> finishingNameless = new LinkedHashSet<>(); // the oldest first
    private int tunnels; // without the finishing ones

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
        if (own != null && mostOfName > 0 && isFull(own.tunnels, mostOfName, own.held, yielded)) {
            return refused(Refusal.TUNNELS_OF_NAME);
        }
        Group site = addresses.get(address);
        if (site != null) {
            long left = yielded.stream()
                    .filter(place -> place.address.equals(address))
                    .count();
            if (isFull(site.tunnels - left, options.maxTunnelsPerAddress(), site.held, yielded)) {
                return refused(Refusal.TUNNELS_OF_ADDRESS);
            }
        }
        if (isFull(tunnels - yielded.size(), options.maxTunnels(), nameless, yielded)) return refused(Refusal.TUNNELS);
        for (Place place : yielded) leave(place);
        Group ofAddress = addresses.computeIfAbsent(address, key -> new Group());
        Group ofName = name == null ? null : names.computeIfAbsent(name, key -> new Group());
        tunnels++;
        ofAddress.tunnels++;
        if (ofName != null) ofName.tunnels++;
        return new Answer(new Place(address, ofAddress, name, ofName, mostOfName), null, yielded);
    }

    private static Answer refused(Refusal reason) {
        return new Answer(null, reason, List.of());
    }

    /**
     * Returns whether there is no room for one more. At the limit, a held place gives way. Beyond it, because it was lowered, none
     * does: that would not make room.
     */
    private static boolean isFull(long count, int most, Set<Place> held, List<Place> yielded) {
        if (count < most) return false;
        return count > most || !givesWay(held, yielded);
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
        if (place.left || place.finishing) return;
        place.onYield = onYield;
        if (place.ofName == null) nameless.add(place);
        else place.ofName.held.add(place);
        place.ofAddress.held.add(place);
    }

    /** The tunnel of a place is served again. False if it has given way or is finishing. */
    boolean serve(Place place) {
        if (place.left || place.finishing) return false;
        place.onYield = null;
        removeHeld(place);
        return true;
    }

    private void removeHeld(Place place) {
        if (place.ofName == null) nameless.remove(place);
        else place.ofName.held.remove(place);
        place.ofAddress.held.remove(place);
    }

    /**
     * Called when the tunnel of a place has given its port back and lets its last visitors finish. It no longer counts as a tunnel.
     * Later calls have no effect.
     *
     * @return the displaced places, whose tunnels must be reset: the oldest finishing one of each limit that is exceeded
     */
    List<Place> finish(Place place, Runnable onYield) {
        if (place.left || place.finishing) return List.of();
        removeHeld(place);
        tunnels--;
        place.ofAddress.tunnels--;
        if (place.ofName != null) place.ofName.tunnels--;
        place.finishing = true;
        place.onYield = onYield;
        finishing.add(place);
        if (place.ofName == null) finishingNameless.add(place);
        else place.ofName.finishing.add(place);
        place.ofAddress.finishing.add(place);
        List<Place> yielded = new ArrayList<>(0);
        if (place.ofName != null && place.mostOfName > 0) shorten(place.ofName.finishing, place.mostOfName, yielded);
        shorten(place.ofAddress.finishing, options.maxTunnelsPerAddress(), yielded);
        if (finishing.size() > options.maxTunnels())
            displace(finishingNameless.isEmpty() ? finishing : finishingNameless, yielded);
        return yielded;
    }

    private void shorten(Set<Place> group, int most, List<Place> yielded) {
        if (group.size() > most) displace(group, yielded); // one alone: a lowered limit does not reset others
    }

    /** Displaces the first place of a set. */
    private void displace(Set<Place> group, List<Place> yielded) {
        Place place = group.iterator().next();
        yielded.add(place);
        leave(place);
    }

    /** Releases a place. Later calls have no effect. */
    void leave(Place place) {
        if (place.left) return;
        place.left = true;
        if (place.finishing) {
            finishing.remove(place);
            finishingNameless.remove(place);
            place.ofAddress.finishing.remove(place);
            if (place.ofName != null) place.ofName.finishing.remove(place);
        } else {
            removeHeld(place);
            tunnels--;
            place.ofAddress.tunnels--;
            if (place.ofName != null) place.ofName.tunnels--;
        }
        if (place.ofAddress.isEmpty()) addresses.remove(place.address);
        if (place.ofName != null && place.ofName.isEmpty()) names.remove(place.name);
    }

    /** The place of one tunnel. */
    static final class Place {
        private final InetAddress address;
        private final Group ofAddress;
        private final @Nullable String name;
        private final @Nullable Group ofName; // null without a name
        private final int mostOfName; // 0 means no limit
        private @Nullable Runnable onYield; // while it is held or finishing
        private boolean finishing;
        private boolean left;

        private Place(
                InetAddress address, Group ofAddress, @Nullable String name, @Nullable Group ofName, int mostOfName) {
            this.address = address;
            this.ofAddress = ofAddress;
            this.name = name;
            this.ofName = ofName;
            this.mostOfName = mostOfName;
        }

        @Nullable
        Runnable onYield() {
            return onYield;
        }
    }

    /** The tunnels of one address or name. */
    private static final class Group {
        final Set<Place> held = new LinkedHashSet<>(0); // the longest held first
        final Set<Place> finishing = new LinkedHashSet<>(0); // the oldest first
        int tunnels; // without the finishing ones

        boolean isEmpty() {
            return tunnels == 0 && finishing.isEmpty();
        }
    }
}
