package org.relay4j.conformance;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

/** The program under test, as a source of connections. */
interface Endpoint extends Closeable {
    /**
     * Returns a new connection. Waits up to {@code patience} for it.
     *
     * @throws IOException if there is none; the message names the address
     */
    Socket connect(Duration patience) throws IOException;

    /** Returns the name of the endpoint for the user. */
    String name();

    /** An endpoint that listens. */
    record Listening(String host, int port) implements Endpoint {
        private static final long RETRY_MILLIS = 20;

        /**
         * Retries while the connection is refused: an endpoint that serves one connection at a time may be between two.
         */
        @Override
        public Socket connect(Duration patience) throws IOException {
            long deadline = System.nanoTime() + patience.toNanos();
            while (true) {
                Socket socket = new Socket();
                try {
                    InetSocketAddress address = new InetSocketAddress(host, port);
                    if (address.isUnresolved())
                        throw new IOException("the host name cannot be resolved; check its spelling");
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
                Thread.sleep(RETRY_MILLIS); // there is no event for a port that starts to listen
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
            // There is no state between two connections.
        }
    }

    /** An endpoint that connects to the kit repeatedly. */
    record Dialling(ServerSocket listener) implements Endpoint {
        @Override
        public Socket connect(Duration patience) throws IOException {
            listener.setSoTimeout((int) Math.max(1, patience.toMillis()));
            try {
                return listener.accept();
            } catch (IOException e) {
                throw new IOException("no connection to " + name() + " within " + patience.toMillis() + " ms", e);
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
