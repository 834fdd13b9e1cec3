package org.relay4j.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connections of a tunnel that have not ended, and whose turn it is to get a visitor. On the tunnel's loop. */
final class Connections {
    private static final Logger log = LoggerFactory.getLogger(Connections.class);

    /** Connections of one tunnel, unless the limit of its client is lower. */
    static final int MOST = 8;

    private final TunnelLifecycle tunnel;
    private final BooleanSupplier shared; // whether other tunnels serve the visitors, too
    private final List<TunnelConnection> all = new ArrayList<>(1);
    private int last; // index of the one that has the last visitor
    private int chosen; // index of the next one

    /** @param shared returns whether other tunnels serve visitors of this one, or it serves theirs */
    Connections(TunnelLifecycle tunnel, BooleanSupplier shared) {
        this.tunnel = tunnel;
        this.shared = shared;
    }

    void add(TunnelConnection connection) {
        all.add(connection);
        changed();
    }

    void remove(TunnelConnection connection) {
        if (all.remove(connection)) changed();
    }

    /**
     * Has those pinged that share the visitors, also with those of other tunnels; one that is alone is not, because there is no
     * better one. To be called when one begins or stops to take visitors, and when the tunnel begins or stops to share an endpoint.
     */
    void changed() {
        boolean several = takers() > 1 || shared.getAsBoolean();
        for (TunnelConnection connection : all) connection.pulse(several && connection.takesVisitors());
    }

    private int takers() {
        int takers = 0;
        for (TunnelConnection connection : all) {
            if (connection.takesVisitors()) takers++;
        }
        return takers;
    }

    int size() {
        return all.size();
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    /** A copy, for actions that may end some. */
    List<TunnelConnection> copy() {
        return List.copyOf(all);
    }

    /** Returns whether one of them accepts visitors at all. */
    boolean takeVisitors() {
        return takers() > 0;
    }

    /** Returns whether one of them accepts visitors, or will once its client has answered. */
    boolean willTakeVisitors() {
        for (TunnelConnection connection : all) {
            if (connection.willTakeVisitors()) return true;
        }
        return false;
    }

    /**
     * Ends those that another connection has replaced. Those whose visitors are finishing end with the last one, but only the
     * newest {@code most} of them, because each holds a file descriptor.
     *
     * @param replaced the oldest first
     */
    static void supersede(List<TunnelConnection> replaced, int most) {
        int left = most;
        for (int i = replaced.size() - 1; i >= 0; i--) {
            if (replaced.get(i).supersede(left > 0)) left--;
        }
    }

    /**
     * Chooses one that can take a visitor now: the one with the least traffic, of equal ones the next in turn. Returns false if none
     * can.
     */
    boolean choose() {
        if (!tunnel.isServed()) return false;
        int least = Integer.MAX_VALUE;
        for (int n = 1; n <= all.size(); n++) {
            int index = (last + n) % all.size();
            TunnelConnection connection = all.get(index);
            if (!connection.takesVisitors() || !connection.canTakeVisitor()) continue;
            int traffic = all.size() == 1 ? 0 : connection.visitors().traffic();
            if (traffic >= least) continue;
            least = traffic;
            chosen = index;
        }
        return least < Integer.MAX_VALUE;
    }

    /**
     * Chooses the one with the fewest visitors that can take a visitor now; of equal ones, the next in turn.
     *
     * @return their number; {@link Integer#MAX_VALUE} if none can
     */
    int chooseFewest() {
        if (!tunnel.isServed()) return Integer.MAX_VALUE;
        int fewest = Integer.MAX_VALUE;
        for (int n = 1; n <= all.size(); n++) {
            int index = (last + n) % all.size();
            TunnelConnection connection = all.get(index);
            int visitors = connection.visitors().present();
            if (visitors >= fewest || !connection.takesVisitors() || !connection.canTakeVisitor()) continue;
            fewest = visitors;
            chosen = index;
        }
        return fewest;
    }

    /** The one that was chosen, in the same step: it gets a visitor. */
    TunnelConnection chosen() {
        last = chosen;
        return all.get(chosen);
    }

    /** The one with a number; null if there is none. */
    @Nullable
    TunnelConnection numbered(int number) {
        for (TunnelConnection connection : all) {
            if (connection.number() == number) return connection;
        }
        return null;
    }

    /** Returns whether there is room for one more, which may replace another. */
    boolean haveRoom(int instead, int most) {
        return all.size() < most || numbered(instead) != null;
    }

    /**
     * A loop that none of them uses, if there is one: the one that is offered, or another.
     *
     * @param instead the number of the connection that the new one replaces
     */
    Loop unusedLoop(Loop offered, LoopGroup loops, int instead) {
        Loop candidate = offered;
        try {
            for (int n = loops.size(); n > 0 && isUsed(candidate, instead); n--) candidate = loops.next();
        } catch (IOException e) {
            log.debug("no loop is left: {}", e.toString()); // the server is closing
        }
        Loop spare = loops.spare();
        return spare != null && isUsed(candidate, instead) && !isUsed(spare, instead) ? spare : candidate;
    }

    private boolean isUsed(Loop loop, int instead) {
        for (TunnelConnection connection : all) {
            boolean stays = connection.number() != instead && connection.willTakeVisitors();
            if (stays && connection.loop() == loop) return true;
        }
        return false;
    }
}
