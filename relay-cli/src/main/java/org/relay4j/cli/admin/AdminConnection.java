package org.relay4j.cli.admin;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection to an admin address, which carries one request. On its loop, except for {@link #answer}. */
final class AdminConnection implements Loop.Handler {
    /*
     * The head of a request arrives on the loop, so a slow one occupies no thread. Then a thread makes the answer and usually sends
     * all of it; the loop sends the rest, and discards what the client still sends, because a close with unread input would reset the
     * connection and could destroy the answer on its way.
     */
    static final int LONGEST_HEAD = 16 * 1024; // bytes

    private static final Logger log = LoggerFactory.getLogger(AdminConnection.class);
    private static final int USUAL_HEAD = 1024; // bytes
    private static final int MOST_DISCARDED = 64 * 1024; // bytes
    private static final long READ_TIME = TimeUnit.SECONDS.toNanos(5); // for the head
    private static final long WRITE_TIME = TimeUnit.SECONDS.toNanos(10); // for the answer
    private static final long CLOSE_TIME = TimeUnit.SECONDS.toNanos(1); // for the other side to close

    private enum State {
        READING,
        ANSWERING, // a thread has the channel
        SENDING,
        ENDING
    }

    private final AdminPort port;
    private final SocketChannel channel;
    private final @Nullable InetAddress from; // null: from a Unix-domain socket
    private final SelectionKey key;
    private Loop.Timer timer; // closes the connection
    private State state = State.READING;
    private ByteBuffer in = ByteBuffer.allocate(USUAL_HEAD);
    private int searched; // bytes of in before which the head does not end
    private ByteBuffer out = ByteBuffer.allocate(0); // the rest of the answer
    private int discarded; // bytes

    /** @param channel non-blocking */
    AdminConnection(AdminPort port, SocketChannel channel, @Nullable InetAddress from) throws IOException {
        this.port = port;
        this.channel = channel;
        this.from = from;
        key = port.loop().register(channel, SelectionKey.OP_READ, this);
        timer = port.loop().schedule(READ_TIME, this::close);
    }

    @Override
    public void ready(SelectionKey ready) {
        try {
            switch (state) {
                case READING -> read();
                case ANSWERING -> key.interestOps(0);
                case SENDING -> send();
                case ENDING -> discard();
            }
        } catch (IOException e) {
            failed(e);
        }
    }

    @Override
    public void abandon(Throwable cause) {
        close();
    }

    private void read() throws IOException {
        if (channel.read(in) < 0) {
            close();
            return;
        }
        int end = Request.endOfHead(in.array(), searched, in.position());
        if (end >= 0) dispatch(Arrays.copyOf(in.array(), end));
        else if (in.position() == LONGEST_HEAD)
            begin(ByteBuffer.wrap(port.handler().tooLarge()));
        else {
            searched = Math.max(0, in.position() - 2);
            if (!in.hasRemaining()) in = ByteBuffer.allocate(LONGEST_HEAD).put(in.flip());
        }
    }

    private void dispatch(byte[] head) {
        state = State.ANSWERING;
        key.interestOps(0);
        timer.cancel();
        in = ByteBuffer.allocate(0);
        try {
            port.threads().execute(() -> answer(head));
        } catch (RejectedExecutionException e) {
            close();
        }
    }

    /** Makes the answer, and sends it as far as the socket takes it. On a thread of the port. */
    private void answer(byte[] head) {
        boolean answered = false;
        try {
            ByteBuffer answer = ByteBuffer.wrap(port.handler().answer(head, from));
            channel.write(answer);
            port.loop().execute(() -> begin(answer));
            answered = true;
        } catch (IOException e) {
            log.debug("admin address: the client has disconnected: {}", e.toString());
        } finally {
            if (!answered) port.loop().execute(this::close);
        }
    }

    /** Sends an answer, or the rest of one. */
    private void begin(ByteBuffer answer) {
        if (!channel.isOpen()) return;
        state = State.SENDING;
        out = answer;
        closeAfter(WRITE_TIME);
        try {
            send();
        } catch (IOException e) {
            failed(e);
        }
    }

    private void send() throws IOException {
        channel.write(out);
        if (out.hasRemaining()) {
            key.interestOps(SelectionKey.OP_WRITE);
            return;
        }
        out = ByteBuffer.allocate(0);
        state = State.ENDING;
        closeAfter(CLOSE_TIME);
        channel.shutdownOutput();
        key.interestOps(SelectionKey.OP_READ);
        in = ByteBuffer.allocate(USUAL_HEAD);
    }

    private void discard() throws IOException {
        int length = channel.read(in.clear());
        if (length < 0) close();
        else if ((discarded += length) > MOST_DISCARDED) close();
    }

    private void closeAfter(long nanos) {
        timer.cancel();
        timer = port.loop().schedule(nanos, this::close);
    }

    private void failed(IOException failure) {
        log.debug("admin address: the client has disconnected: {}", failure.toString());
        close();
    }

    /** Closes the connection unless its request has arrived. */
    void closeWithoutRequest() {
        if (state == State.READING) close();
    }

    private void close() {
        timer.cancel();
        Sockets.close(channel);
        port.closed(this);
    }
}
