package org.relay4j.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.ControlLines;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream for lines about the tunnel: questions about endpoints and their answers, READY and BYE from this client, DRAIN from the
 * server. With the session's lock held, unless noted. A line that is too long or malformed causes a reset of the stream.
 */
final class ControlStream implements StreamHandler {
    /*
     * The server answers the end of this client's direction with the end of its own, after the visitors that it has opened streams
     * for until then. The client therefore ends a connection in three steps, so that no visitor on the way is reset: it asks for no
     * more visitors, with BYE or GoAway, and ends its direction; it waits for the server's end, for a second at most; it ends
     * the session.
     *
     * The server answers questions in order. A connection that gets no more answers, or an answer to another question, ends: the
     * tunnel continues on another one.
     */

    /** Receives the answer to a question, with the session's lock held. */
    interface Answer {
        /**
         * Receives the answer.
         *
         * @param line null if there will be none, because the stream has ended
         */
        void answered(@Nullable ControlLine line);
    }

    private static final Logger log = LoggerFactory.getLogger(ControlStream.class);
    private static final byte[] BYE = "BYE\n".getBytes(StandardCharsets.US_ASCII);
    private static final Set<String> ANSWERS = Set.of("OPENED", "REFUSED", "CLOSED");
    private static final long PATIENCE = 1_000; // ms

    private final Driver driver;
    private final ControlLines lines = new ControlLines();
    private final CompletableFuture<Long> draining = new CompletableFuture<>();
    private final ArrayDeque<Question> asked =
            new ArrayDeque<>(); // those of the endpoints of a tunnel, which are bounded
    private ByteBuffer unsent = ByteBuffer.allocate(0);
    private @Nullable MuxStream stream; // once it was opened; at most one
    private @Nullable Runnable then; // ends the connection, without the lock; the strictest requested action
    private boolean hasAsked;
    private boolean leaving;
    private boolean over;

    private record Question(ControlLine line, Answer answer) {
        /** OPENED names what was granted, which may be another endpoint. */
        boolean isAnsweredBy(ControlLine reply) {
            boolean opens = line.keyword().equals("OPEN");
            if (reply.keyword().equals("OPENED")) return opens;
            return opens == reply.keyword().equals("REFUSED") && first(line).equals(first(reply));
        }

        private static String first(ControlLine line) {
            return line.words().keySet().stream().findFirst().orElse("");
        }

        @Override
        public String toString() {
            return line.keyword() + " " + first(line);
        }
    }

    ControlStream(Driver driver) {
        this.driver = driver;
    }

    /** Completes, with the lock held, when the server announces that it shuts down: with the time until then, in seconds. */
    CompletionStage<Long> draining() {
        return draining;
    }

    /** Opens the stream, so that the server can write. On a thread that may use the session, without the lock. Does not block. */
    void open() {
        driver.lock.lock();
        try {
            opened();
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Returns null if there is no memory, or the session has ended. */
    private @Nullable MuxStream opened() {
        if (stream != null) return stream;
        if (driver.mux().openState() != OpenState.READY) return null;
        MuxStream next = driver.mux().open(this, System.nanoTime());
        if (next != null) next.auxiliary(); // a server that does not answer must not keep the session open
        stream = next;
        return next;
    }

    /** Sends a question. Without the lock, or with it. Does not block. The answer may be given, as null, before this method returns. */
    void ask(ControlLine question, Answer answer) {
        driver.lock.lock();
        try {
            hasAsked = true;
            if (write(question.encode())) {
                asked.add(new Question(question, answer));
                return;
            }
            answer.answered(null);
            if (stream != null && !leaving) endConnection();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Sends a line that has no answer. Without the lock, or with it. Does not block. */
    void tell(ControlLine line) {
        driver.lock.lock();
        try {
            write(line.encode());
        } finally {
            driver.lock.unlock();
        }
    }

    /** Writes a line, as soon as the server has room for it. Returns false if it cannot be sent. */
    private boolean write(byte[] line) {
        MuxStream lane = opened();
        if (leaving || lane == null || !lane.isWritable()) return false;
        append(line);
        send(lane);
        driver.flush();
        return true;
    }

    private void append(byte[] line) {
        unsent = ByteBuffer.allocate(unsent.remaining() + line.length)
                .put(unsent)
                .put(line)
                .flip();
    }

    private void send(MuxStream lane) {
        long now = System.nanoTime();
        while (unsent.hasRemaining() && lane.isWritable()) {
            if (lane.send(unsent, unsent.remaining(), now) == 0) return; // onWritable follows
        }
        if (leaving) lane.closeWrite(now);
    }

    /**
     * Asks the server for no more visitors, and runs {@code end} when all that it has sent are here. A later call only replaces
     * the action. On a thread that may use the session. Does not block.
     *
     * @param bye whether the whole tunnel ends; otherwise the server keeps it for another connection
     */
    void leave(boolean bye, Runnable end) {
        driver.lock.lock();
        try {
            then = end;
            if (!leaving) begin(bye);
            if (over) end();
        } finally {
            driver.lock.unlock();
        }
    }

    private void begin(boolean bye) {
        MuxStream lane = opened();
        leaving = true;
        if (lane == null || lane.isGone()) {
            over = true; // the server learns it from the end of the session
            return;
        }
        if (bye) append(BYE);
        else driver.mux().announceDrain();
        send(lane);
        driver.flush();
        CompletableFuture.delayedExecutor(PATIENCE, TimeUnit.MILLISECONDS, driver::afterwards)
                .execute(this::impatient);
    }

    private void impatient() {
        driver.lock.lock();
        try {
            end();
        } finally {
            driver.lock.unlock();
        }
    }

    private void end() {
        over = true;
        Runnable task = then;
        then = null;
        if (task != null) driver.afterwards(task);
    }

    // ---- the stream

    @Override
    public void onData(MuxStream same, ByteBuffer payload) {
        try {
            while (!same.isGone()) {
                ControlLine line = lines.next(payload);
                if (line == null) return;
                read(line);
            }
        } catch (IllegalArgumentException e) {
            log.debug("the control stream was reset: {}", e.getMessage());
            same.reset(0);
            lost();
        }
    }

    /** There are no more answers. */
    private void lost() {
        for (Question question; (question = asked.poll()) != null; )
            question.answer().answered(null);
        if (leaving) end();
        else if (hasAsked) endConnection();
    }

    /** Ends the connection, because a question has had no answer in time. Without the lock. Does not block. */
    void abandonQuestions() {
        driver.lock.lock();
        try {
            endConnection();
        } finally {
            driver.lock.unlock();
        }
    }

    private void endConnection() {
        if (driver.mux().ended() != null) return;
        Cause cause = new Cause(Cause.Kind.PROTOCOL_ERROR, "the server answers no more questions about endpoints");
        driver.afterwards(() -> driver.fail(cause));
    }

    /** Ignores what it does not know. The servers in the line are a hint that a client with one configured server does not need. */
    private void read(ControlLine line) {
        if (ANSWERS.contains(line.keyword())) {
            Question question = asked.peek();
            if (question == null) return;
            if (!question.isAnsweredBy(line)) throw new IllegalArgumentException(line.keyword() + " after " + question);
            asked.remove();
            question.answer().answered(line);
            return;
        }
        if (!line.keyword().equals("DRAIN") || line.words().isEmpty()) return;
        String first = line.words().keySet().iterator().next();
        long seconds = line.value(first) == null ? ControlLine.parseNumber(first) : -1;
        if (seconds >= 0) draining.complete(seconds);
    }

    @Override
    public void onBuffered(MuxStream same) {
        throw new IllegalStateException("all bytes are taken as they arrive");
    }

    @Override
    public void onFin(MuxStream same) {
        lost();
    }

    @Override
    public void onReset(MuxStream same, Cause cause) {
        unsent = ByteBuffer.allocate(0);
        lost();
    }

    @Override
    public void onWritable(MuxStream same) {
        send(same);
    }
}
