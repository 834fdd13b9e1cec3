package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LoopDriver;

/**
 * The question to another node whether the client of a tunnel still answers there. The other node acknowledges the stream, asks the
 * client, and resets the stream with a code. On the loop of the link.
 */
final class PeerQuestion implements PeerSending, StreamHandler {
    private final Endpoint endpoint;
    private final Consumer<Boolean> answer;
    private final ByteBuffer header;
    private PeerLink link; // that has taken it
    private LoopDriver driver; // of the link
    private boolean answered;

    /** @param answer called once, on any thread, with true if no connection of the client answers */
    @SuppressWarnings("NullAway.Init") // set before the answer
    PeerQuestion(Endpoint endpoint, long epoch, String owner, Consumer<Boolean> answer) {
        this.endpoint = endpoint;
        this.answer = answer;
        header = ByteBuffer.wrap(PeerHeader.encode(ProxyHeader.unknown(), endpoint, epoch, owner));
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public boolean send(PeerLink taker, LoopDriver over) {
        link = taker;
        driver = over;
        MuxStream stream = over.mux().open(this, over.loop().now());
        if (stream == null) return false;
        sendHeader(stream);
        over.flush();
        return true;
    }

    private void sendHeader(MuxStream stream) {
        while (header.hasRemaining()) {
            if (stream.send(header, header.remaining(), driver.loop().now()) == 0) return; // onWritable continues
        }
    }

    @Override
    public void elsewhere(String why) {
        answer.accept(false);
    }

    @Override
    public void onWritable(MuxStream stream) {
        sendHeader(stream);
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        answered(cause.kind() == Cause.Kind.RESET_BY_PEER && PeerCode.of(cause.code()) == PeerCode.SILENT);
    }

    @Override
    public void onFin(MuxStream stream) {
        stream.reset(0); // that is no answer
        answered(false);
    }

    private void answered(boolean silent) {
        if (answered) return;
        answered = true;
        link.answered(this);
        answer.accept(silent);
    }

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        payload.position(payload.limit()); // nothing is expected
    }

    @Override
    public void onBuffered(MuxStream stream) {}

    @Override
    public void onGone(MuxStream stream, @Nullable Cause cause) {}
}
