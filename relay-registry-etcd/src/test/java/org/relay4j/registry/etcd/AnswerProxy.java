package org.relay4j.registry.etcd;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.relay4j.testing.Await;

/** Between a store and etcd: passes requests on, and answers unless it swallows them. */
final class AnswerProxy implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<Socket> silent = ConcurrentHashMap.newKeySet();
    private final int target;
    private volatile boolean swallowing;
    private final AtomicLong swallowed = new AtomicLong(); // bytes

    AnswerProxy(int target) throws IOException {
        this.target = target;
        run("accept", this::accept);
    }

    String endpoint() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /** Has answers vanish from now on; connections stay open. */
    void swallow() {
        swallowing = true;
    }

    void awaitSwallowed() {
        Await.until("an answer was swallowed", () -> swallowed.get() > 0);
    }

    /** Passes the answers to later connections on. Those so far stay silent. */
    void passAgain() {
        silent.addAll(sockets);
        swallowing = false;
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            sockets.add(client);
            run("request", () -> pass(client, server, false));
            run("answer", () -> pass(server, client, true));
        }
    }

    private void pass(Socket from, Socket to, boolean answer) throws IOException {
        byte[] buffer = new byte[8192];
        try (from;
                to) {
            for (int n; (n = from.getInputStream().read(buffer)) > 0; ) {
                if (answer && (swallowing || silent.contains(to))) swallowed.addAndGet(n);
                else to.getOutputStream().write(buffer, 0, n);
            }
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void run(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // the other side has closed it
                    }
                },
                "test-proxy-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) socket.close();
    }
}
