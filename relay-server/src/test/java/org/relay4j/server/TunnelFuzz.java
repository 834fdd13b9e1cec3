package org.relay4j.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import org.relay4j.testing.Await;

/**
 * A fuzz target: what a relay server makes of the first bytes of a client. Whatever they are, it answers with a port line and
 * whole frames, ends the tunnel with the connection, and goes on. {@code CONTRIBUTING.md} has the command; {@link TunnelFuzzTest}
 * replays what was found.
 */
public final class TunnelFuzz {
    private static final int HEADER = 12; // bytes
    private static final RelayServer SERVER = start();

    private TunnelFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        try (SocketChannel channel = SocketChannel.open(SERVER.address())) {
            Socket client = channel.socket();
            client.setSoTimeout((int) Await.DEADLINE.toMillis());
            OutputStream out = client.getOutputStream();
            InputStream in = client.getInputStream();
            int half = input.length / 2;
            out.write(input, 0, half);
            readLine(in);
            out.write(input, half, input.length - half);
            client.shutdownOutput();
            readFrames(in);
        }
        Await.until("the tunnel has ended", () -> SERVER.tunnelCount() == 0);
    }

    private static void readLine(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next; (next = in.read()) != '\n'; ) {
            check(next >= 0 && line.length() < 5, "no port line: " + line);
            line.append((char) next);
        }
        check(line.toString().matches("[1-9][0-9]*"), "no port: " + line);
    }

    /** All are pings, refusals and GoAway, whole up to the end. */
    private static void readFrames(InputStream in) throws IOException {
        while (true) {
            byte[] frame = in.readNBytes(HEADER);
            if (frame.length == 0) return;
            check(frame.length == HEADER, "a part of a frame");
            check(frame[0] == 0 && frame[1] >= 1 && frame[1] <= 3, "no frame that a server without visitors sends");
            check(frame[1] != 1 || frame[3] == 8, "a stream without a visitor");
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }

    private static RelayServer start() {
        try {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            return RelayServer.start(RelayServerOptions.builder()
                    .bindAddress(loopback)
                    .publicBindAddress(loopback)
                    .build());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Releases everything after a test; nothing works afterwards. */
    static void stop() throws IOException {
        SERVER.close();
    }
}
