package org.relay4j.cli;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A local service that answers with what it is sent, and ends its side when the visitor does. */
final class EchoService implements Closeable {
    private final ServerSocket listener;

    EchoService() throws IOException {
        this(InetAddress.getLoopbackAddress());
    }

    EchoService(InetAddress address) throws IOException {
        listener = new ServerSocket(0, 50, address);
        daemon(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket visitor = listener.accept();
                daemon(() -> echo(visitor));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private static void echo(Socket visitor) {
        try (visitor) {
            visitor.getInputStream().transferTo(visitor.getOutputStream());
            visitor.shutdownOutput();
        } catch (IOException e) {
            // the visitor sees it too
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
