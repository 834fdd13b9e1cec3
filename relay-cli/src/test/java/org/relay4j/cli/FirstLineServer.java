package org.relay4j.cli;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A server that says one thing to each client and closes the connection: no relay server, or one that refuses. */
final class FirstLineServer implements Closeable {
    private final ServerSocket listener;

    FirstLineServer(String words) throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> answer(words.getBytes(StandardCharsets.UTF_8)));
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return listener.getLocalPort();
    }

    private void answer(byte[] words) {
        while (!listener.isClosed()) {
            try (Socket client = listener.accept()) {
                client.getOutputStream().write(words);
            } catch (IOException e) {
                // closed, or the client has left
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
