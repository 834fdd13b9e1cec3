package org.relay4j.conformance;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A small yamux server that echoes, with one fault at a time. Without a fault it is what the kit wants. One thread a
 * connection: it reads a frame, does what follows from it, and writes, which never blocks for long because the kit always reads.
 */
final class ScriptedEndpoint implements AutoCloseable {
    /** What it does wrong. */
    enum Fault {
        NONE,
        IGNORES_WINDOW,
        ANSWERS_UNKNOWN_STREAMS,
        SENDS_SECOND_FIN,
        NEVER_PONGS,
        CLOSES_WITHOUT_GO_AWAY,
        DROPS_BODY_OF_FIN,
        DIES_OF_SECOND_FIN,
        TAKES_MORE_THAN_ITS_WINDOW,
        NEVER_ACKNOWLEDGES
    }

    private final ServerSocket listener;
    private final Fault fault;

    ScriptedEndpoint(Fault fault) throws IOException {
        this.fault = fault;
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(this::accept, "test-scripted");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        while (true) {
            try (Socket socket = listener.accept()) {
                socket.setTcpNoDelay(true);
                new Served(socket).run();
            } catch (IOException e) {
                if (listener.isClosed()) return; // else the kit has closed its connection
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    /** The peer broke the protocol. */
    private static final class Violation extends Exception {
        private static final long serialVersionUID = 1L;
    }

    private static final class Echo {
        long sendWindow = Frame.INITIAL_WINDOW;
        long receiveWindow = Frame.INITIAL_WINDOW;
        int consumed; // bytes not returned as credit yet
        boolean finReceived;
        byte[] pending = {};
    }

    /** One connection. */
    private final class Served {
        private final Socket socket;
        private final Map<Integer, Echo> streams = new HashMap<>();

        Served(Socket socket) {
            this.socket = socket;
        }

        void run() throws IOException {
            FrameReader reader = new FrameReader(socket.getInputStream());
            try {
                for (Frame frame = next(reader); frame != null; frame = next(reader)) {
                    if (frame.type() == Frame.GO_AWAY && frame.length() != 0) return;
                    take(frame);
                }
            } catch (Violation e) {
                if (fault != Fault.CLOSES_WITHOUT_GO_AWAY) send(Frame.of(Frame.GO_AWAY, 0, 0, 1));
                socket.shutdownOutput();
                socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            }
        }

        private Frame next(FrameReader reader) throws IOException, Violation {
            try {
                return reader.next();
            } catch (IOException e) {
                if (String.valueOf(e.getMessage()).startsWith("declared")) throw new Violation();
                throw e;
            }
        }

        private void send(Frame frame) throws IOException {
            socket.getOutputStream().write(frame.encoded());
        }

        private void window(int id, int flags, int length) throws IOException {
            send(Frame.of(Frame.WINDOW_UPDATE, flags, id, length));
        }

        private void take(Frame frame) throws IOException, Violation {
            if (frame.version() != 0 || frame.type() > Frame.GO_AWAY) throw new Violation();
            if (frame.type() == Frame.PING) {
                if (frame.has(Frame.SYN) && fault != Fault.NEVER_PONGS)
                    send(Frame.of(Frame.PING, Frame.ACK, 0, frame.length()));
            } else if (frame.isStreamFrame()) takeStreamFrame(frame);
        }

        private void takeStreamFrame(Frame frame) throws IOException, Violation {
            int id = frame.id();
            if (id == 0) throw new Violation();
            if (frame.has(Frame.SYN)) open(frame);
            Echo echo = streams.get(id);
            if (echo == null) {
                if (fault == Fault.ANSWERS_UNKNOWN_STREAMS) window(id, Frame.RST, 0);
            } else if (frame.has(Frame.RST)) streams.remove(id);
            else if (frame.type() == Frame.DATA) takeData(echo, frame);
            else takeCredit(echo, frame.length());
            if (echo != null && frame.has(Frame.FIN)) {
                if (echo.finReceived && fault == Fault.DIES_OF_SECOND_FIN) throw new Violation();
                echo.finReceived = true;
            }
            if (echo != null && streams.containsKey(id)) flush(id, echo);
        }

        private void open(Frame frame) throws IOException, Violation {
            boolean odd = (frame.id() & 1) == 1;
            if (!odd || streams.containsKey(frame.id())) throw new Violation();
            streams.put(frame.id(), new Echo());
            if (fault != Fault.NEVER_ACKNOWLEDGES) window(frame.id(), Frame.ACK, 0);
        }

        private void takeData(Echo echo, Frame frame) throws IOException, Violation {
            if (frame.length() > echo.receiveWindow && fault != Fault.TAKES_MORE_THAN_ITS_WINDOW) throw new Violation();
            echo.receiveWindow -= frame.length();
            if (echo.finReceived && frame.length() > 0) {
                streams.remove(frame.id());
                window(frame.id(), Frame.RST, 0);
                return;
            }
            if (frame.has(Frame.FIN) && fault == Fault.DROPS_BODY_OF_FIN) return;
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            joined.writeBytes(echo.pending);
            joined.writeBytes(frame.body());
            echo.pending = joined.toByteArray();
        }

        private void takeCredit(Echo echo, long length) throws Violation {
            if (echo.sendWindow + length > Frame.MAX_LENGTH) throw new Violation();
            echo.sendWindow += length;
        }

        private void flush(int id, Echo echo) throws IOException {
            long allowed = fault == Fault.IGNORES_WINDOW ? Long.MAX_VALUE : echo.sendWindow;
            int length = (int) Math.min(allowed, echo.pending.length);
            for (int sent = 0; sent < length; sent += 16 << 10)
                send(Frame.data(0, id, Arrays.copyOfRange(echo.pending, sent, Math.min(length, sent + (16 << 10)))));
            echo.sendWindow -= length;
            echo.consumed += length;
            echo.pending = Arrays.copyOfRange(echo.pending, length, echo.pending.length);
            if (echo.consumed >= Frame.INITIAL_WINDOW / 2 && !echo.finReceived) {
                window(id, 0, echo.consumed);
                echo.receiveWindow += echo.consumed;
                echo.consumed = 0;
            }
            if (!echo.finReceived || echo.pending.length > 0) return;
            window(id, Frame.FIN, 0);
            if (fault == Fault.SENDS_SECOND_FIN) window(id, Frame.FIN, 0);
            streams.remove(id);
        }
    }
}
