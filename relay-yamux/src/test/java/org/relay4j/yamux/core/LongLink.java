package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A session over a long link, in virtual time: exact, repeatable, and as fast as the machine. */
final class LongLink {
    private static final int SEND_BUFFER = 4 << 20; // bytes, Linux' default limit
    private static final long ECHO_EVERY = 5_000_000; // ns

    final LinkEnd sender;
    final LinkEnd reader;
    private final LinkPipe there;
    private final LinkPipe back;
    private long now;
    private long heldUpUntil;
    private long nextEcho = Long.MAX_VALUE; // ns

    LongLink(double bitsPerSecond, long roundTrip, CoreOptions options) {
        there = new LinkPipe(bitsPerSecond, roundTrip / 2, SEND_BUFFER);
        back = new LinkPipe(bitsPerSecond, roundTrip / 2, SEND_BUFFER);
        sender = new LinkEnd(Role.CLIENT, options, there);
        reader = new LinkEnd(Role.SERVER, options, back);
    }

    /** The reader learns the round trip before there is any data, as the ends of a relay do. */
    LongLink measured() {
        reader.mux.ping(now);
        reader.flush(now);
        runFor(1_000_000_000);
        return this;
    }

    LongLink withEcho() {
        nextEcho = now;
        return this;
    }

    MuxStream startBulk() {
        MuxStream stream = sender.startBulk(now);
        sender.flush(now);
        return stream;
    }

    void resumeBulk(MuxStream stream, long bytes) {
        sender.resumeBulk(stream, bytes, now);
        sender.flush(now);
    }

    void rate(double bitsPerSecond) {
        there.rate(bitsPerSecond);
        back.rate(bitsPerSecond);
    }

    /** What has arrived at the reader waits for so long, as on a busy machine, and is then there all at once. */
    void holdUpReader(long nanos) {
        heldUpUntil = now + nanos;
    }

    /** Lets time pass; returns the bytes that the reader received in that time. */
    long runFor(long nanos) {
        long before = reader.received;
        long end = now + nanos;
        while (true) {
            long arrival = Math.max(there.nextArrival(), heldUpUntil);
            long next = Math.min(Math.min(arrival, back.nextArrival()), nextEcho);
            next = Math.min(next, Math.min(sender.blockedUntil, reader.blockedUntil));
            if (next > end) break;
            now = Math.max(now, next);
            step();
        }
        now = end;
        return reader.received - before;
    }

    private void step() {
        if (nextEcho <= now) {
            nextEcho = now + ECHO_EVERY;
            sender.sayByte(now);
        }
        if (now >= heldUpUntil) deliver(there, reader);
        deliver(back, sender);
        sender.flush(now);
        reader.flush(now);
    }

    private void deliver(LinkPipe from, LinkEnd to) {
        for (ByteBuffer piece; (piece = from.arrived(now)) != null; ) to.receive(piece, now);
    }

    /** Nine of ten echoes since the last call took no longer. Unit: ns. */
    long slowEcho() {
        List<Long> times = new ArrayList<>(sender.echoes);
        sender.echoes.clear();
        times.sort(null);
        return times.get(times.size() * 9 / 10);
    }
}
