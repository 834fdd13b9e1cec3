package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A fuzz target: a core whose input, user and clock are all read from one array of bytes. Whatever it says, nothing is thrown,
 * the user hears nothing after the end, what leaves keeps to the profile, and all memory comes back. {@code CONTRIBUTING.md} has
 * the command; {@link CoreFuzzTest} replays what was found.
 */
public final class CoreFuzz implements SessionEvents, FrameTap {
    private static final int MOST_STREAMS = 8;

    private final Script script;
    private final CountingBuffers buffers = new CountingBuffers();
    private final Multiplexer core;
    private final List<User> users = new ArrayList<>();
    private long now;
    private boolean over;

    private CoreFuzz(Script script) {
        this.script = script;
        int kind = script.next();
        Options options = new Options().maxStreams(MOST_STREAMS).maxUnacknowledged(3);
        if ((kind & 2) != 0) options.wastefulFrames(20, 10).streamResets(5, 10);
        if ((kind & 4) != 0) options.receiveBudget(300_000).receiveWindow(300_000);
        if ((kind & 8) != 0) options.growth(1 << 20, 2 << 20);
        core = new Multiplexer((kind & 1) == 0 ? Role.CLIENT : Role.SERVER, options.build(), buffers, this, 0);
        core.tap(this);
    }

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) {
        new CoreFuzz(new Script(input)).run();
    }

    private void run() {
        while (!script.atEnd() && !over) step();
        core.close();
        core.discardOutput();
        for (User user : users) user.core().closeRead();
        check(
                core.streamCount()
                                + core.parts().queue().control.size()
                                + core.parts().queue().waiting.size()
                        == 0,
                "streams are left");
        buffers.assertAllReturned();
    }

    private void step() {
        int what = script.next();
        switch (what & 7) {
            case 0, 1 -> receive(script.take(1 + (what >> 3)));
            case 2, 3 -> receive(frame(what >> 3));
            case 4 -> {
                if (!users.isEmpty()) users.get((what >> 3) % users.size()).act(script.next());
            }
            case 5 -> send(what >> 3);
            case 6 -> {
                now += (1L << (what >> 3)) * 100;
                if ((what & 8) != 0) core.tick(now);
            }
            default -> session(what >> 3);
        }
    }

    private void receive(byte[] bytes) {
        core.receive(ByteBuffer.wrap(bytes), now);
    }

    /** A frame that makes sense more often than bytes at random. */
    private byte[] frame(int what) {
        int type = what & 3;
        int flags = script.next() & 0x1F;
        int id = script.next() & 0xF;
        int length = script.next() << (((what >> 2) & 7) * 2);
        boolean body = type == Frame.DATA && length <= 300_000;
        ByteBuffer frame = ByteBuffer.allocate(Frame.HEADER_LENGTH + (body ? length : 0));
        Frame.put(frame, 0, type, flags, id, length);
        return frame.array();
    }

    private void send(int most) {
        for (ByteBuffer out; (out = core.nextOutput(now)) != null; ) {
            int length = most == 0 ? out.remaining() : Math.min(out.remaining(), most * 7);
            core.sent(length, now);
            if (most != 0) break;
        }
        core.resumeWaiting(now);
    }

    private void session(int what) {
        switch (what) {
            case 0, 1, 2, 3, 4, 5, 6, 7 -> {
                if (users.size() < 200 && core.openState() == OpenState.READY) {
                    User user = new User();
                    user.attach(core.open(user, now));
                }
            }
            case 8, 9 -> core.ping(now);
            case 10 -> core.drain(false);
            case 11 -> core.drain(true);
            case 12 -> core.endOfInput();
            case 13 -> core.close();
            case 14 -> buffers.refuse();
            default -> {
                Chunk taken = core.takeOutput(now);
                if (taken != null) buffers.release(taken);
            }
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }

    // ---- what the core says

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        check(!over, "a stream after the end");
        if (script.next() % 8 == 7 || users.size() >= 1_000) return null;
        User user = new User();
        user.attach(stream);
        return user;
    }

    @Override
    public void onOpenable() {
        check(!over, "openable after the end");
    }

    @Override
    public void onPong(long roundTrip) {
        check(roundTrip >= 0, "a negative round trip");
    }

    @Override
    public void onGoAway() {
        check(!over, "GoAway after the end");
    }

    @Override
    public void onEnd(Cause cause) {
        check(!over, "the end twice");
        check(cause.kind().endsSession(), "ended by " + cause);
        over = true;
    }

    @Override
    public void onFrame(boolean outbound, int type, int flags, int id, long length) {
        if (!outbound) return;
        check(Integer.bitCount(flags) <= 1 && (type != Frame.DATA || (flags == 0 && length > 0)), "flags " + flags);
        check(type < Frame.PING ? id != 0 : id == 0, "id " + id);
    }

    /** Does with its stream what the script says. */
    private final class User implements StreamHandler {
        private @Nullable MuxStream core;
        private boolean finSeen;
        private boolean silent; // was reset, by either side
        private boolean gone;

        void attach(MuxStream newCore) {
            core = newCore;
            users.add(this);
        }

        MuxStream core() {
            if (core == null) throw new AssertionError("an event before the stream is known");
            return core;
        }

        void act(int what) {
            switch (what & 7) {
                case 0 -> core().accept();
                case 1 -> core().closeWrite(now);
                case 2 -> core().closeRead();
                case 3 -> core().close(now);
                case 4 -> {
                    silent |= !core().isGone();
                    core().reset(what >> 3);
                }
                case 5, 6 -> write(1 << (what >> 3) % 20, what % 3 != 0);
                default -> read(1 << (what >> 3) % 20);
            }
        }

        private void write(int most, boolean all) {
            if (!core().isWritable()) return;
            ByteBuffer room = core().reserve(most, now);
            if (room == null) return;
            check(room.remaining() <= core().sendWindow(), "more room than window");
            if (all) core().commit(room.remaining(), now);
            else core().cancel();
        }

        private void read(int most) {
            ByteBuffer waiting = core().peek();
            if (waiting == null) return;
            int length = Math.min(most, waiting.remaining());
            waiting.position(waiting.position() + length);
            core().advance(length, now);
        }

        private void heard() {
            check(!silent, "an event after the stream was reset");
        }

        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            heard();
            check(!finSeen && payload.hasRemaining(), "data after FIN, or none");
            int what = script.next();
            if ((what & 1) == 0) payload.position(payload.position() + Math.min(what, payload.remaining()));
            else payload.position(payload.limit());
            if (what % 16 == 15 && core().available() == 0) act(script.next());
        }

        @Override
        public void onBuffered(MuxStream stream) {
            heard();
            if (script.next() % 8 == 7) act(script.next());
        }

        @Override
        public void onFin(MuxStream stream) {
            heard();
            check(!finSeen, "FIN twice");
            finSeen = true;
            if (script.next() % 2 == 1) act(script.next());
        }

        @Override
        public void onReset(MuxStream stream, Cause cause) {
            if (finSeen) silent = false; // what came before the FIN may be dropped later
            heard();
            silent = true;
            check(finSeen || core().available() == 0, "a torso was left");
        }

        @Override
        public void onGone(MuxStream stream, @Nullable Cause cause) {
            check(!gone, "gone twice");
            gone = true;
        }

        @Override
        public void onWritable(MuxStream stream) {
            heard();
            act(5 + (script.next() & 0xF0));
        }
    }

    /** The array of bytes, read from its beginning; zeros follow its end. */
    private static final class Script {
        private final byte[] bytes;
        private int at;

        Script(byte[] bytes) {
            this.bytes = bytes;
        }

        boolean atEnd() {
            return at >= bytes.length;
        }

        int next() {
            return atEnd() ? 0 : bytes[at++] & 0xFF;
        }

        byte[] take(int length) {
            byte[] taken = new byte[Math.min(length, bytes.length - at)];
            System.arraycopy(bytes, at, taken, 0, taken.length);
            at += taken.length;
            return taken;
        }
    }
}
