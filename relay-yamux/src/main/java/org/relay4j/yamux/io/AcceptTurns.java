package org.relay4j.yamux.io;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.LongSupplier;

/** The listeners of a loop that have connections to accept. They take turns, once in each pass. Loop thread only. */
final class AcceptTurns {
    /** A listener. */
    interface Acceptor {
        /** Accepts some connections, as long as the pace permits. */
        void accept(AcceptPace pace, boolean busy);

        /** The turn is postponed to another pass, because other work of the loop would suffer. */
        void postponed(long now);
    }

    private final Set<Acceptor> waiting = new LinkedHashSet<>(); // the next one first
    private final AcceptPace pace;

    /** @param clock the time in nanoseconds */
    AcceptTurns(LongSupplier clock) {
        pace = new AcceptPace(clock);
    }

    /** Has a listener accept in this pass, or as soon as there is time. */
    void add(Acceptor acceptor) {
        waiting.add(acceptor);
    }

    void remove(Acceptor acceptor) {
        waiting.remove(acceptor);
    }

    /** @param busy whether the loop has other work in this pass */
    void run(boolean busy) {
        if (waiting.isEmpty()) return; // as in nearly all passes, which allocate nothing
        for (int n = waiting.size(); n > 0; n--) {
            Iterator<Acceptor> turns = waiting.iterator();
            if (!turns.hasNext() || !pace.mayBegin(busy)) break;
            Acceptor next = turns.next();
            turns.remove();
            next.accept(pace, busy);
        }
        for (Acceptor each : waiting) each.postponed(pace.now());
    }
}
