package org.relay4j.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;

/**
 * A fuzz target: what a relay client makes of the first bytes of its server, and that it reads not one byte behind them. {@code
 * CONTRIBUTING.md} has the command; {@link HandshakeFuzzTest} replays what was found.
 */
public final class HandshakeFuzz {
    private static final int LONGEST_LINE = 256; // bytes
    private static final BlockingQueue<byte[]> ANSWERS = new ArrayBlockingQueue<>(1);
    private static final int PORT = start();

    private HandshakeFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        ANSWERS.put(input);
        int line = Math.min(indexOfLf(input), LONGEST_LINE + 1);
        String text = new String(input, 0, Math.min(line, input.length), StandardCharsets.UTF_8);
        try {
            ControlConnection connection = ControlConnection.open("127.0.0.1", PORT, RelayClientOptions.defaults());
            connection.channel().configureBlocking(true);
            byte[] rest = rest(connection.channel().socket().getInputStream());
            connection.channel().close();
            check(line < input.length, "a port without a line");
            check(text.matches("0*[1-9][0-9]*\r?"), "a port from " + text);
            check(connection.publicAddress().getPort() == Integer.parseInt(text.trim()), "another port than " + text);
            check(Arrays.equals(rest, Arrays.copyOfRange(input, line + 1, input.length)), "bytes after the line");
        } catch (RelayRefusedException e) {
            check(text.startsWith("ERR ") && !e.code().isEmpty(), "refused by " + text);
        } catch (RelayProtocolException e) {
            check(input.length > 0, "an answer from nothing");
        } catch (RelayUnreachableException e) {
            check(line >= input.length && line <= LONGEST_LINE, "no end after a whole line");
        } catch (RelayException e) {
            throw new AssertionError("another failure", e);
        }
    }

    /** The length when there is none. */
    private static int indexOfLf(byte[] input) {
        int at = 0;
        while (at < input.length && input[at] != '\n') at++;
        return at;
    }

    private static byte[] rest(InputStream in) throws IOException {
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        in.transferTo(rest);
        return rest.toByteArray();
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }

    /** A server that answers each connection with one input, and then waits for the client to leave. */
    private static int start() {
        try {
            ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread thread = new Thread(() -> serve(listener), "fuzz-server");
            thread.setDaemon(true);
            thread.start();
            return listener.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void serve(ServerSocket listener) {
        while (true) {
            try (Socket connection = listener.accept()) {
                connection.getOutputStream().write(ANSWERS.take());
                connection.shutdownOutput();
                rest(connection.getInputStream());
            } catch (IOException e) {
                // The client has disconnected before it received everything.
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
