package org.relay4j.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;

/**
 * A connection between a client and a server that can be cut: then nothing passes, and neither side is notified, as when a machine
 * on the way loses its memory of them.
 */
final class Wire implements AutoCloseable {
    private final ServerSocket listener;
    private final int target;
    private final Call<Void> accepting;
    private final List<Socket> ends = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean cut; // guarded by lock

    /** Leads to a port of this machine. */
    Wire(int target) throws IOException {
        this.target = target;
        listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        accepting = Call.run(() -> {
            while (true) join(listener.accept());
        });
    }

    private void join(Socket client) throws IOException {
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        ends.add(client);
        ends.add(server);
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Call.run(() -> pass(client, server));
        Call.run(() -> pass(server, client));
    }

    private void pass(Socket from, Socket to) throws IOException {
        byte[] buffer = new byte[65_536];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                awaitWhole();
                to.getOutputStream().write(buffer, 0, n);
            }
            awaitWhole();
        }
    }

    private void awaitWhole() {
        lock.lock();
        try {
            while (cut) changed.awaitUninterruptibly();
        } finally {
            lock.unlock();
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    /** From now on nothing passes, not even the end of a connection. */
    void cut() {
        lock.lock();
        try {
            cut = true;
        } finally {
            lock.unlock();
        }
    }

    /** New connections pass again; those that were cut are lost. */
    void mend() throws IOException {
        for (Socket end : ends) hangUp(end);
        ends.clear();
        lock.lock();
        try {
            cut = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static void hangUp(Socket end) throws IOException {
        try {
            end.setSoLinger(true, 0);
        } catch (SocketException e) {
            return; // it has ended on its own
        }
        end.close();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        Await.until("no more connections are accepted", accepting::isDone);
        mend();
    }
}
