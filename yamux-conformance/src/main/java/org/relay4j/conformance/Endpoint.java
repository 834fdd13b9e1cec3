package org.relay4j.conformance;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

/** The program that is examined: where its connections come from. */
interface Endpoint extends Closeable {
    /**
     * A new connection. Waits for it for as long as {@code patience}.
     *
     * @throws IOException when there is none; the message says where it was sought
     */
    Socket connect(Duration patience) throws IOException;

    /** As the user knows it. */
    String name();

    /** An endpoint that listens. */
    record Listening(String host, int port) implements Endpoint {
        private static final long RETRY_MILLIS = 20;

        /** Tries again while nobody listens: an endpoint that serves one connection at a time may be between two. */
        @Override
        public Socket connect(Duration patience) throws IOException {
            long deadline = System.nanoTime() + patience.toNanos();
            while (true) {
                Socket socket = new Socket();
                try {
                    InetSocketAddress address = new InetSocketAddress(host, port);
                    if (address.isUnresolved()) throw new IOException("the name cannot be resolved");
                    socket.connect(address, (int) Math.max(1, patience.toMillis()));
                    return socket;
                } catch (IOException e) {
                    socket.close();
                    if (System.nanoTime() - deadline >= 0)
                        throw new IOException("cannot connect to " + name() + ": " + e.getMessage(), e);
                }
                pause();
            }
        }

        private static void pause() throws IOException {
            try {
                Thread.sleep(RETRY_MILLIS); // nothing tells when somebody listens
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }

        @Override
        public String name() {
            return Arguments.hostAndPort(host, port);
        }

        @Override
        public void close() {
            // Nothing is kept between two connections.
        }
    }

    /** An endpoint that connects to the kit, again and again. */
    record Dialling(ServerSocket listener) implements Endpoint {
        @Override
        public Socket connect(Duration patience) throws IOException {
            listener.setSoTimeout((int) Math.max(1, patience.toMillis()));
            try {
                return listener.accept();
            } catch (IOException e) {
                throw new IOException("nobody connected to " + name() + " within " + patience.toMillis() + " ms", e);
            }
        }

        @Override
        public String name() {
            return Arguments.hostAndPort(listener.getInetAddress().getHostAddress(), listener.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
