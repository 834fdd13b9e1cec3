package org.relay4j.server;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LoopDriver;

/**
 * The lines between the client of one connection and the server, on the control stream that the client may open. On the loop of the
 * connection, unless a method says otherwise.
 */
final class ConnectionControl {
    private static final Pattern STREAM = Pattern.compile("[0-9]{1,10}");

    private final TunnelConnection connection;
    private final ServerTunnel tunnel;
    private final LoopDriver driver;
    private @Nullable ControlStream lines; // at most one; guarded by the session's lock, like the rest
    private boolean saidBye;
    private boolean saidDrain;

    ConnectionControl(TunnelConnection connection, LoopDriver driver) {
        this.connection = connection;
        this.driver = driver;
        tunnel = connection.tunnel();
    }

    /** The client has opened a stream. Returns null if it may not, or has one. With the session's lock held. */
    @Nullable
    StreamHandler open(MuxStream stream) {
        if (lines != null || !connection.request().mayControl()) return null; // the base protocol has no such streams
        stream.auxiliary();
        stream.accept();
        lines = new ControlStream(stream, this::said);
        if (connection.isRunningDry()) lines.mayEnd();
        if (tunnel.server().isClosing()) announceDrain();
        return lines;
    }

    /** Returns the bytes of lines from the server. With the session's lock held. */
    long bytesSent() {
        return lines == null ? 0 : lines.bytesSent();
    }

    /** Returns the bytes of lines from the client. With the session's lock held. */
    long bytesReceived() {
        return lines == null ? 0 : lines.bytesReceived();
    }

    /** The connection gets no more visitors. With the session's lock held; the driver must be flushed afterwards. */
    void mayEnd() {
        if (lines != null) lines.mayEnd();
    }

    /** Announces that the server shuts down, if the client has asked for that. From any thread; does not block. */
    void announceDrain() {
        if (connection.request().drain()) driver.loop().execute(this::sayDrain);
    }

    private void sayDrain() {
        driver.lock.lock();
        try {
            ControlStream stream = lines;
            if (stream == null || saidDrain || connection.hasEnded()) return; // the client will open it, or never does
            saidDrain = true;
            stream.write(
                    ControlLine.of("DRAIN").with(String.valueOf(tunnel.server().secondsToDrain())));
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Handles a line on the loop of the tunnel, without this session's lock, because that may ask other sessions. */
    private boolean said(ControlLine line) {
        if (connection.isSuperseded()) return false;
        if (EndpointRequest.isKeyword(line.keyword())) {
            EndpointRequest about = new EndpointRequest(connection, line);
            tunnel.loop().execute(about::handle);
            return true;
        }
        if (line.keyword().equals("SEEN")) {
            seen(line);
            return true;
        }
        if (saidBye || !line.keyword().equals("BYE")) return false;
        saidBye = true; // the tunnel is notified once, however often the client says so
        tunnel.loop().execute(tunnel::bye);
        return false;
    }

    /**
     * Another connection of the tunnel gets no more visitors, and the client has not seen those that came last.
     *
     * @throws IllegalArgumentException if the line is malformed
     */
    private void seen(ControlLine line) {
        int number = line.number("connection");
        int last = stream(line.value("last"));
        if (number < 0) throw new IllegalArgumentException("SEEN needs the number of a connection");
        connection.spoke();
        tunnel.loop().execute(() -> {
            TunnelConnection other = tunnel.connections().numbered(number);
            if (other != null && !other.equals(connection)) other.seenUpTo(last);
            answer(null);
        });
    }

    /** Returns an id of a stream, which is an unsigned number. */
    private static int stream(@Nullable String text) {
        if (text == null || !STREAM.matcher(text).matches()) {
            throw new IllegalArgumentException("SEEN needs the id of the last stream");
        }
        return Integer.parseUnsignedInt(text); // throws if it is above 2^32-1
    }

    /** Answers the last line about an endpoint; with null, the line has no answer. From any thread; does not block. */
    void answer(byte @Nullable [] answer) {
        // Never at once: the lock of another session may be held.
        driver.loop().execute(() -> {
            driver.lock.lock();
            try {
                if (lines == null || connection.hasEnded()) return;
                lines.answer(answer);
                driver.flush();
            } finally {
                driver.lock.unlock();
            }
        });
    }
}
