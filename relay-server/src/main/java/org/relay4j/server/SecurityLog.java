package org.relay4j.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The security log: one line for each event and address, for programs such as fail2ban. Safe for use by several threads; never
 * throws.
 */
final class SecurityLog {
    /*
     * Two bounds. An address has one line of an event in ten seconds, and its next line says how often the event was repeated
     * meanwhile; an IPv6 /64 network counts as one address. All addresses together have a hundred lines a second (a token
     * bucket that holds a hundred); lines beyond that are counted, and a line without an address tells their number. An
     * address without a line is not remembered, so the table never holds more than the lines of KEPT, and an address that
     * had no luck once may have its line with its next attempt.
     *
     * The name is the only field that a stranger chooses. It is the last one, and in quotes. The method quote escapes every
     * character that could end the quotes or the line, or make a part of the name look like another field.
     */
    static final long INTERVAL = TimeUnit.SECONDS.toNanos(10);
    static final int MOST_PER_SECOND = 100; // lines

    private static final long KEPT = 2 * INTERVAL; // for the number of repetitions
    private static final long PER_LINE = TimeUnit.SECONDS.toNanos(1) / MOST_PER_SECOND;
    private static final int LONGEST_NAME = 64; // characters before they are escaped
    private static final Logger log = LoggerFactory.getLogger("org.relay4j.security");

    private record Key(SecurityEvent event, InetAddress site) {}

    private static final class Lines {
        final long written; // ns; the time of the last line
        long repeated; // since then

        Lines(long written) {
            this.written = written;
        }
    }

    private final Consumer<String> output;
    private final LongSupplier clock; // ns
    private final ReentrantLock lock = OrderedLock.leaf("the security log");
    private final Map<Key, Lines> table = new LinkedHashMap<>(); // oldest line first; guarded by lock
    private long full; // ns; when the bucket has all its lines again; guarded by lock
    private long suppressed; // events without a line, since their number was last written; guarded by lock
    private long suppressedWritten; // ns; when their number was last written; guarded by lock

    SecurityLog() {
        this(log::info, System::nanoTime);
    }

    SecurityLog(Consumer<String> output, LongSupplier clock) {
        this.output = output;
        this.clock = clock;
        full = clock.getAsLong();
        suppressedWritten = full - INTERVAL;
    }

    /** Reports an event of a client. */
    void client(SecurityEvent event, InetSocketAddress from, @Nullable String name) {
        report(event, from, "client", name);
    }

    /** Reports an event of a visitor. */
    void visitor(SecurityEvent event, InetSocketAddress from) {
        report(event, from, "visitor", null);
    }

    private void report(SecurityEvent event, InetSocketAddress from, String peer, @Nullable String name) {
        try {
            InetAddress address = from.getAddress();
            if (address == null) return;
            for (String line : lines(event, address, peer, name)) output.accept(line);
        } catch (RuntimeException | Error e) {
            // A failing logger, for example for lack of memory, must not stop a loop.
        }
    }

    private List<String> lines(SecurityEvent event, InetAddress address, String peer, @Nullable String name) {
        Key key = new Key(event, Sockets.site(address));
        List<String> lines = new ArrayList<>(2);
        long repeated = 0;
        lock.lock();
        try {
            long now = clock.getAsLong();
            Lines last = table.get(key);
            if (last != null && now - last.written < INTERVAL) {
                last.repeated++;
                return lines;
            }
            forgetOld(now, key);
            if (!take(now)) {
                suppressed++;
                return lines;
            }
            if (last != null) repeated = last.repeated;
            table.remove(key); // so that it moves to the end
            table.put(key, new Lines(now));
            if (suppressed > 0 && now - suppressedWritten >= INTERVAL) {
                lines.add("event=suppressed count=" + suppressed);
                suppressed = 0;
                suppressedWritten = now;
            }
        } finally {
            lock.unlock();
        }
        StringBuilder line = new StringBuilder(100).append("event=").append(event);
        line.append(" address=").append(text(address)).append(" peer=").append(peer);
        if (repeated > 0) line.append(" repeated=").append(repeated);
        if (name != null) quote(line.append(" name="), name);
        lines.add(line.toString());
        return lines;
    }

    private void forgetOld(long now, Key except) {
        for (Iterator<Map.Entry<Key, Lines>> entries = table.entrySet().iterator(); entries.hasNext(); ) {
            Map.Entry<Key, Lines> oldest = entries.next();
            if (now - oldest.getValue().written < KEPT) return;
            if (oldest.getKey().equals(except)) continue;
            suppressed += oldest.getValue().repeated;
            entries.remove();
        }
    }

    private boolean take(long now) {
        long next = (full - now > 0 ? full : now) + PER_LINE;
        if (next - now > MOST_PER_SECOND * PER_LINE) return false;
        full = next;
        return true;
    }

    /** Returns the number of remembered addresses, for tests. */
    int remembered() {
        lock.lock();
        try {
            return table.size();
        } finally {
            lock.unlock();
        }
    }

    /** The address without its scope, which has a meaning on this machine only. */
    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        int scope = text.indexOf('%');
        return scope < 0 ? text : text.substring(0, scope);
    }

    private static void quote(StringBuilder line, String name) {
        line.append('"');
        for (int i = 0; i < Math.min(name.length(), LONGEST_NAME); i++) {
            char c = name.charAt(i);
            boolean plain = c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '=';
            if (plain) line.append(c);
            else line.append("\\u").append(HexFormat.of().toHexDigits(c));
        }
        if (name.length() > LONGEST_NAME) line.append("\\u2026"); // an ellipsis
        line.append('"');
    }
}
