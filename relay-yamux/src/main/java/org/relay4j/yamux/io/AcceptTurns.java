package org.relay4j.yamux.io;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The listeners of a loop that have connections to accept. They take turns, once in each pass. Loop thread only. */
final class AcceptTurns {
    /** A listener. */
    interface Acceptor {
        /** Accepts some connections, as long as the pace permits. */
        void accept(AcceptPace pace, boolean busy);
    }

    private static final Logger log = LoggerFactory.getLogger(AcceptTurns.class);

    private final LimitedLog failed = new LimitedLog(log, Level.ERROR);
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
            try {
                next.accept(pace, busy);
            } catch (RuntimeException | Error e) {
                failed.log("unexpected failure of {}", next, e);
            }
        }
    }
}
