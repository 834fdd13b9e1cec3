package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One end of a simulated session: a core, its user, and how it is driven. It keeps account of all data and credit. */
final class SimulatedEnd implements SessionEvents, FrameTap {
    private final String name;
    private final Conditions conditions;
    private final CoreOptions options;
    private final SplittableRandom random;
    private final LongSupplier clock; // ns
    private final SimulatedWire out;
    private final SimulatedWire in;
    private final Map<Integer, Account> accounts = new HashMap<>();
    private @Nullable Chunk taken; // as the driver with two threads holds it while it writes
    private boolean waitsToOpen;
    final CountingBuffers buffers = new CountingBuffers();
    final Multiplexer mux;
    final Map<Integer, SimulatedStream> streams = new LinkedHashMap<>(); // all there ever were
    final List<SimulatedStream> live = new ArrayList<>();

    @Nullable
    Cause ended;

    SimulatedEnd(
            Role role,
            Conditions conditions,
            SplittableRandom random,
            LongSupplier clock,
            SimulatedWire out,
            SimulatedWire in) {
        this.clock = clock;
        name = role.toString();
        this.conditions = conditions;
        this.random = random;
        this.out = out;
        this.in = in;
        options = conditions.options(random);
        mux = new Multiplexer(role, options, buffers, this, 0);
        mux.tap(this);
    }

    private long now() {
        return clock.getAsLong();
    }

    // ---- the user

    void open() {
        if (waitsToOpen) return;
        OpenState state = mux.openState();
        waitsToOpen = state == OpenState.WAIT;
        if (waitsToOpen) mux.awaitOpenable();
        if (state != OpenState.READY) return;
        // The handler needs the stream, and the stream the handler: events come only later.
        Late late = new Late();
        SimulatedStream stream = new SimulatedStream(mux.open(late, now()), conditions.transfer(random), random, clock);
        late.handler = stream;
        add(stream);
    }

    private void add(SimulatedStream stream) {
        streams.put(stream.core.id(), stream);
        live.add(stream);
    }

    /** Something that a user does, to a stream that is alive. */
    void act() {
        live.removeIf(SimulatedStream::isOver);
        if (live.isEmpty()) return;
        SimulatedStream stream = live.get(random.nextInt(live.size()));
        if (!stream.accepted && random.nextInt(3) == 0) stream.accept();
        else if (conditions.happens(60, random)) stream.closeRead();
        else if (conditions.happens(60, random)) stream.close();
        else if (conditions.happens(60, random)) stream.reset();
        else if (conditions.happens(40, random)) stream.closeWrite();
        else if (conditions.happens(40, random)) stream.lazy = !stream.lazy;
        else if (conditions.happens(60, random)) mux.ping(now());
        else if (random.nextBoolean()) stream.read();
        else stream.write();
    }

    /** Brings everything to its end. */
    void finish() {
        live.removeIf(SimulatedStream::isOver);
        for (SimulatedStream stream : List.copyOf(live)) {
            stream.lazy = false;
            if (!stream.accepted) stream.accept();
            stream.read();
            stream.write();
            if (ended != null) stream.closeRead();
        }
    }

    // ---- the driver

    /** Sends, as far as the connection takes it. */
    void send(long now, long delay) {
        if (conditions.threaded()) sendTaken(now, delay);
        else sendDirectly(now, delay);
    }

    private void sendDirectly(long now, long delay) {
        for (ByteBuffer buffer; (buffer = mux.nextOutput(now)) != null; ) {
            int length = Math.min(buffer.remaining(), out.room());
            if (length > 0 && random.nextInt(3) == 0) length = 1 + random.nextInt(length);
            write(buffer, length, now + delay);
            mux.sent(length, now);
            if (buffer.hasRemaining()) return;
        }
        mux.resumeWaiting(now);
    }

    private void sendTaken(long now, long delay) {
        if (taken == null) {
            mux.resumeWaiting(now);
            taken = mux.takeOutput(now);
        }
        if (taken == null) return;
        write(taken.bytes, Math.min(taken.bytes.remaining(), out.room()), now + delay);
        if (taken.bytes.hasRemaining()) return;
        buffers.release(taken);
        taken = null;
    }

    private void write(ByteBuffer from, int length, long due) {
        if (length == 0) return;
        byte[] bytes = new byte[length];
        from.get(bytes);
        out.write(bytes, due);
    }

    void receive(long now) {
        byte[] piece = in.deliver(1 + random.nextInt(conditions.largestPiece()), now);
        if (piece == null) return;
        ByteBuffer bytes = ByteBuffer.wrap(piece);
        mux.receive(bytes, now);
        if (bytes.hasRemaining()) throw new AssertionError(name + " left input");
    }

    boolean hasOutput() {
        return taken != null || mux.hasOutput();
    }

    /** The connection is gone. */
    void drop() {
        if (taken != null) buffers.release(taken);
        taken = null;
        mux.discardOutput();
    }

    // ---- what the core says

    @Override
    public @Nullable StreamHandler onStream(MuxStream core) {
        if (conditions.happens(30, random)) return null;
        SimulatedStream stream = new SimulatedStream(core, conditions.transfer(random), random, clock);
        add(stream);
        if (random.nextBoolean()) stream.accept();
        return stream;
    }

    @Override
    public void onOpenable() {
        if (!waitsToOpen) throw new AssertionError(name + " was notified that it can open, but did not wait");
        waitsToOpen = false;
        if (random.nextBoolean()) open();
    }

    @Override
    public void onPong(long roundTrip) {
        if (roundTrip < 0) throw new AssertionError(name + " measured " + roundTrip);
    }

    @Override
    public void onGoAway() {}

    @Override
    public void onEnd(Cause cause) {
        if (ended != null) throw new AssertionError(name + " ended twice");
        ended = cause;
        for (SimulatedStream stream : streams.values()) {
            boolean told = stream.resetSeen != null || stream.resetHere || stream.finSeen;
            if (!stream.core.isGone() || !told) throw new AssertionError("was not notified of the end: " + stream);
        }
    }

    // ---- the accounts

    @Override
    public void onFrame(boolean outbound, int type, int flags, int id, long length) {
        if (type > Frame.WINDOW_UPDATE || (flags & Frame.RST) != 0) return;
        Account account = accounts.computeIfAbsent(id, any -> new Account());
        if (type == Frame.DATA && outbound) account.dataOut += length;
        else if (type == Frame.DATA) account.dataIn += length;
        else if (outbound) account.creditOut += length;
        else account.creditIn += length;
        if (outbound && (flags & (Frame.SYN | Frame.ACK)) != 0) account.announced = true;
    }

    /** Compares what each stream says about its windows with what was seen on the wire. */
    void checkAccounts() {
        for (SimulatedStream stream : live) {
            MuxStream core = stream.core;
            if (core.isGone()) continue;
            Account account = accounts.get(core.id());
            long whole = core.wholeWindow();
            boolean untouched = !account.announced && whole == Frame.INITIAL_WINDOW;
            int largest = Math.max(options.receiveWindow(), options.maxReceiveWindow());
            if (!untouched && (whole < Frame.INITIAL_WINDOW || whole > largest)) {
                throw new AssertionError("the whole window is " + whole + ": " + stream);
            }
            long underWay = in.bodyUnderWay(core.id());
            equal(Frame.INITIAL_WINDOW + account.creditIn - account.dataOut, core.sendWindow(), "send window", stream);
            equal(
                    Frame.INITIAL_WINDOW + account.creditOut - account.dataIn,
                    core.receiveWindow(),
                    "receive window",
                    stream);
            equal(whole, core.receiveWindow() + underWay + core.available() + core.credit(), "sum of credit", stream);
        }
        long grown = live.stream()
                .filter(stream -> !stream.core.isGone())
                .mapToLong(stream -> Math.max(0, stream.core.wholeWindow() - options.receiveWindow()))
                .sum();
        if (grown > mux.parts().windows().reserved() || mux.parts().windows().reserved() > options.windowBudget()) {
            throw new AssertionError(name + " has windows grown by " + grown + ", of which are accounted "
                    + mux.parts().windows().reserved());
        }
        // Every piece of memory but the one of the output belongs to bytes that wait.
        long waiting = streams.values().stream()
                .mapToLong(stream -> stream.core.available())
                .sum();
        if (waiting == 0 && buffers.inUse() > (hasOutput() ? 2 : 0)) {
            throw new AssertionError(name + " holds memory for nothing: " + buffers.inUse());
        }
    }

    private static void equal(long expected, long actual, String what, SimulatedStream stream) {
        if (expected != actual)
            throw new AssertionError(what + " is " + actual + " instead of " + expected + ": " + stream);
    }

    /** After the end nothing is left. */
    void checkEmpty() {
        if (mux.streamCount()
                        + mux.parts().queue().control.size()
                        + mux.parts().queue().waiting.size()
                        + mux.queued()
                > 0) {
            throw new AssertionError("left over: " + this);
        }
        buffers.assertAllReturned();
    }

    @Override
    public String toString() {
        return name + " ended " + ended + ", streams " + mux.streamCount() + ", queued " + mux.queued() + ", control "
                + mux.parts().queue().control.size() + ", waiting "
                + mux.parts().queue().waiting.size() + ", live " + live;
    }

    private static final class Account {
        long dataOut;
        long dataIn;
        long creditOut;
        long creditIn;
        boolean announced; // our receive window was announced
    }

    /** Passes on. */
    private static final class Late implements StreamHandler {
        @Nullable
        StreamHandler handler;

        private StreamHandler handler() {
            if (handler == null) throw new AssertionError("an event while the stream was being opened");
            return handler;
        }

        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            handler().onData(stream, payload);
        }

        @Override
        public void onBuffered(MuxStream stream) {
            handler().onBuffered(stream);
        }

        @Override
        public void onFin(MuxStream stream) {
            handler().onFin(stream);
        }

        @Override
        public void onReset(MuxStream stream, Cause cause) {
            handler().onReset(stream, cause);
        }

        @Override
        public void onWritable(MuxStream stream) {
            handler().onWritable(stream);
        }
    }
}
