package org.relay4j.interop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A local port whose connections {@code openssl s_client} carries over TLS to a server, without ALPN: as stunnel does. */
final class OpensslTunnel implements AutoCloseable {
    private final int server;
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Queue<Process> programs = new ConcurrentLinkedQueue<>();

    /** @param server a port of this machine */
    OpensslTunnel(int server) throws IOException {
        this.server = server;
        daemon(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() throws IOException {
        while (true) {
            Socket plain = listener.accept();
            Process openssl = start();
            programs.add(openssl);
            daemon(() -> {
                copy(plain.getInputStream(), openssl.getOutputStream());
                openssl.getOutputStream().close();
                openssl.destroy(); // s_client would wait for the server
            });
            daemon(() -> {
                try (plain) {
                    copy(openssl.getInputStream(), plain.getOutputStream());
                }
            });
        }
    }

    private Process start() throws IOException {
        try {
            return new ProcessBuilder("openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + server)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new IOException("these tests need openssl on the PATH", e);
        }
    }

    private static void copy(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        for (int length; (length = from.read(buffer)) >= 0; ) {
            to.write(buffer, 0, length);
            to.flush();
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (IOException e) {
                        // closed; the ends notice
                    }
                },
                "openssl-tunnel");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        programs.forEach(Process::destroyForcibly);
    }
}
