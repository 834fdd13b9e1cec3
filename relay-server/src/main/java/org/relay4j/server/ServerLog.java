package org.relay4j.server;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The log lines that a stranger can cause at INFO and above. Each reason has its own limit of one line per second. Lines about
 * established tunnels have a burst of a hundred, so that the clients of a restarted server are all logged.
 */
final class ServerLog {
    private static final Logger log = LoggerFactory.getLogger(RelayServer.class);
    private static final int BURST = 100; // lines

    /** Every server on the Internet sees these; an operator need not act. */
    private static final Set<Refusal> NORMAL = EnumSet.of(
            Refusal.DRAINING,
            Refusal.IDLE,
            Refusal.WITHDRAWN,
            Refusal.NAME_UNKNOWN,
            Refusal.NAME_MALFORMED,
            Refusal.NAME_INCOMPLETE,
            Refusal.VISITOR_TLS);

    private final Map<Refusal, LimitedLog> refusals = new EnumMap<>(Refusal.class);
    private final Map<Cause.Kind, LimitedLog> ends = new EnumMap<>(Cause.Kind.class);
    private final Map<Cause.Kind, LimitedLog> strangers = new EnumMap<>(Cause.Kind.class);
    private final LimitedLog up = new LimitedLog(log, Level.INFO, BURST);
    private final LimitedLog goneAway = new LimitedLog(log, Level.INFO, BURST);
    private final LimitedLog held = new LimitedLog(log, Level.INFO, BURST);
    private final LimitedLog failures = new LimitedLog(log, Level.ERROR);

    ServerLog() {
        for (Refusal reason : Refusal.values()) {
            refusals.put(reason, new LimitedLog(log, NORMAL.contains(reason) ? Level.INFO : Level.WARN));
        }
        for (Cause.Kind kind : Cause.Kind.values()) {
            ends.put(kind, new LimitedLog(log, isWanted(kind) ? Level.INFO : Level.WARN, BURST));
            strangers.put(kind, new LimitedLog(log, Level.WARN));
        }
    }

    /** Logs a refused client or visitor, or one that was dropped. */
    void refused(Refusal reason, String format, Object... arguments) {
        write(refusals.get(reason), format, arguments);
    }

    /** Logs a failure that affects one client or visitor; the last argument is the exception. */
    void failed(String format, Object... arguments) {
        failures.log(format, arguments);
    }

    /** Logs an established tunnel. */
    void up(String format, Object... arguments) {
        up.log(format, arguments);
    }

    /** Logs that the client of an established tunnel accepts no more visitors. */
    void goneAway(String format, Object... arguments) {
        goneAway.log(format, arguments);
    }

    /** Logs that a tunnel is held for its client, or was resumed. */
    void held(String format, Object... arguments) {
        held.log(format, arguments);
    }

    /** Logs the end of an established tunnel. */
    void down(Cause.Kind kind, String format, Object... arguments) {
        write(ends.get(kind), format, arguments);
    }

    /** Logs the end of a client that never established its tunnel: at DEBUG, unless it seems to speak another protocol. */
    void neverUp(Cause.Kind kind, String format, Object... arguments) {
        boolean odd = kind == Cause.Kind.TIMEOUT || kind == Cause.Kind.PROTOCOL_ERROR;
        if (odd) write(strangers.get(kind), format, arguments);
        else log.debug(format, arguments);
    }

    private static void write(@Nullable LimitedLog limited, String format, Object[] arguments) {
        if (limited != null) limited.log(format, arguments);
    }

    private static boolean isWanted(Cause.Kind kind) {
        return kind == Cause.Kind.CLOSED_LOCALLY || kind == Cause.Kind.CLOSED_BY_PEER;
    }
}
