package org.relay4j.yamux.core;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The open streams of a session, counts of inbound and unacknowledged streams, and the next id. */
final class Streams {
    private final Role role;
    private final SessionParts parts;
    private final CoreOptions options;
    private final StreamTable table;
    private int nextId; // unsigned
    private int lastInbound; // unsigned; the highest id of the peer's streams, 0 if there was none
    private long opened; // since the start, by either end
    private int inbound; // streams in the table that the peer opened
    private int auxiliary; // streams in the table that do not keep the session open
    private int unanswered; // streams in the table that we opened and the peer has not acknowledged

    Streams(Role role, SessionParts parts) {
        this.role = role;
        this.parts = parts;
        options = parts.options();
        table = new StreamTable(options.hashSeed());
        nextId = role.firstId;
    }

    Role role() {
        return role;
    }

    int size() {
        return table.size();
    }

    /** Returns the number of streams that keep the session open. */
    int working() {
        return table.size() - auxiliary;
    }

    /** Counts a stream in the table as auxiliary. */
    void setAside() {
        auxiliary++;
    }

    /** Returns the number of streams opened so far, by either end. */
    long opened() {
        return opened;
    }

    @Nullable
    MuxStream get(int id) {
        return table.get(id);
    }

    /** Returns a copy, for callers whose action may change the table. */
    List<MuxStream> all() {
        List<MuxStream> all = new ArrayList<>(table.size());
        table.forEach(all::add);
        return all;
    }

    /** Aborts the streams whose timeout has expired; usually none. */
    void abortExpired(long now) {
        List<MuxStream> expired = new ArrayList<>(0);
        table.forEach(stream -> {
            if (stream.expired(now) != null) expired.add(stream);
        });
        for (MuxStream stream : expired) {
            Cause cause = stream.expired(now);
            if (cause != null) stream.ending().abort(cause);
        }
    }

    /** Returns the highest id of the streams that the peer has opened; 0 if there was none. */
    int lastInbound() {
        return lastInbound;
    }

    /** Returns true if all ids of this end have been used. */
    boolean exhausted() {
        return Integer.compareUnsigned(nextId, role.lastId) > 0;
    }

    /** Makes {@code id} the next id, as if all before it had been used; for tests of the last ids. */
    void skipTo(int id) {
        nextId = id;
    }

    /** Returns true if one more stream may be announced to the peer. */
    boolean canAnnounce() {
        return unanswered < options.maxUnacknowledged();
    }

    /** Returns true if the peer may open one more stream. */
    boolean canAdmit() {
        return inbound < options.maxStreams();
    }

    /** Returns the next stream of this end, not yet {@linkplain #announced announced}. */
    MuxStream newOutbound(long now) {
        return new MuxStream(nextId, true, Frame.INITIAL_WINDOW, parts, now);
    }

    void announced(MuxStream stream) {
        table.put(stream);
        nextId += 2;
        opened++;
        unanswered++;
    }

    MuxStream addInbound(int id, long sendWindow, long now) {
        MuxStream stream = new MuxStream(id, false, sendWindow, parts, now);
        opened++;
        inbound++;
        if (Integer.compareUnsigned(id, lastInbound) > 0) lastInbound = id;
        table.put(stream);
        return stream;
    }

    /** Counts a frame of the peer as its acknowledgement; true if it is the first on a stream that we opened. */
    boolean answered(MuxStream stream) {
        if (!stream.outbound || !stream.acknowledged()) return false;
        unanswered--;
        return true;
    }

    void remove(MuxStream stream) {
        table.remove(stream);
        if (stream.isAuxiliary()) auxiliary--;
        if (stream.outbound) answered(stream);
        else inbound--;
    }
}
