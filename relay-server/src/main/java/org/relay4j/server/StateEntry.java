package org.relay4j.server;

import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The entry of one tunnel in the state for the next process. Without a state file it does nothing. On the tunnel's loop. */
final class StateEntry {
    private final RelayServer server;
    private final Tenure tenure;
    private final Supplier<KeptTunnel> present;
    private int unwritten; // grants that wait for the disk

    /** @param present returns what the next process needs to know now */
    StateEntry(RelayServer server, Tenure tenure, Supplier<KeptTunnel> present) {
        this.server = server;
        this.tenure = tenure;
        this.present = present;
    }

    /** Calls {@code then} once the next process can find the present state, or with the failure; at once if it needs not. */
    void put(Consumer<@Nullable IOException> then) {
        StateWriter state = server.state();
        if (state != null && tenure.canBeHeld()) state.put(present.get(), then);
        else then.accept(null);
    }

    /** Counts a grant that waits for {@link #put}. */
    void grantWaits() {
        unwritten++;
    }

    /** The grant does not wait any more. */
    void grantWaitsNoLonger() {
        unwritten--;
    }

    /** Returns true while a grant waits for the disk. Another one would displace a lease that the client has. */
    boolean isGrantWaiting() {
        return unwritten > 0;
    }

    /** The leases or endpoints have changed. Nobody waits for that to be written. */
    void update() {
        StateWriter state = server.state();
        if (state == null || !tenure.canBeHeld()) return;
        if (tenure.hashes().isEmpty()) remove();
        else state.update(present.get());
    }

    /** The next process is not to have the tunnel. */
    void remove() {
        StateWriter state = server.state();
        if (state != null) state.remove(tenure.id());
    }
}
