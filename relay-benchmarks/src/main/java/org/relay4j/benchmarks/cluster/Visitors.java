package org.relay4j.benchmarks.cluster;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.relay4j.benchmarks.load.Errors;

/** Visitors of the tunnels, at any node. Safe for use by several threads. */
final class Visitors {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30); // as long as a node lets them wait
    private static final long RETRY = TimeUnit.MILLISECONDS.toNanos(1); // while a node does not listen yet

    final Times visits = new Times(); // from the beginning of the connection to the answer
    final Times accepted = new Times(); // from the port to the connection to the last node
    final Times served = new Times(); // from the port to the answer through the last node
    final Errors errors = new Errors();
    final Errors sampleErrors = new Errors();
    final AtomicInteger foreign = new AtomicInteger(); // answers of another tunnel

    private final int nodes;
    private volatile int dead; // a node that gets no visitors; 0: all get some

    Visitors(int nodes) {
        this.nodes = nodes;
    }

    /** Forgets the durations. */
    void clear() {
        visits.clear();
        accepted.clear();
        served.clear();
    }

    /** Visits no more at a node; 0: visits at all nodes. */
    void avoid(int node) {
        dead = node;
    }

    /** Visits a tunnel at a node at random. Blocks. Returns whether it has answered. */
    boolean visit(Fleet.Member tunnel) {
        int node;
        do {
            node = ThreadLocalRandom.current().nextInt(nodes) + 1;
        } while (node == dead);
        return visit(tunnel, node);
    }

    /** Visits a tunnel at a node. Blocks. Returns whether it has answered. */
    boolean visit(Fleet.Member tunnel, int node) {
        long begin = System.nanoTime();
        try (Socket socket = new Socket()) {
            socket.connect(at(node, tunnel), millisUntil(begin + PATIENCE));
            awaitAnswer(socket, tunnel, begin + PATIENCE);
            visits.add(System.nanoTime() - begin);
            return true;
        } catch (IOException e) {
            errors.add(e);
            return false;
        }
    }

    /** Visits a tunnel that has just come at every node. Blocks. */
    void sample(Fleet.Member tunnel) {
        List<Socket> sockets = new ArrayList<>();
        long end = tunnel.since() + PATIENCE;
        try {
            for (int n = 1; n <= nodes; n++) sockets.add(connect(at(n, tunnel), end));
            accepted.add(System.nanoTime() - tunnel.since());
            for (Socket socket : sockets) awaitAnswer(socket, tunnel, end);
            served.add(System.nanoTime() - tunnel.since());
        } catch (IOException e) {
            sampleErrors.add(e);
        } finally {
            for (Socket socket : sockets) close(socket);
        }
    }

    private static InetSocketAddress at(int node, Fleet.Member tunnel) {
        return new InetSocketAddress(Loopback.node(node), tunnel.port());
    }

    /** Tries again until the node listens. */
    private static Socket connect(InetSocketAddress to, long end) throws IOException {
        while (true) {
            Socket socket = new Socket();
            try {
                socket.connect(to, millisUntil(end));
                return socket;
            } catch (ConnectException e) {
                close(socket);
                if (System.nanoTime() - end > 0) throw e;
                LockSupport.parkNanos(RETRY);
            }
        }
    }

    /** Returns a timeout, which is never 0: that means none. */
    private static int millisUntil(long end) {
        return (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
    }

    private void awaitAnswer(Socket socket, Fleet.Member tunnel, long end) throws IOException {
        socket.setSoTimeout(millisUntil(end)); // for each of the two parts of the answer
        DataInputStream in = new DataInputStream(socket.getInputStream());
        int answered = Service.tunnel(in.readInt());
        if (answered != tunnel.number()) {
            foreign.incrementAndGet();
            throw new IOException("tunnel " + answered + " has answered for tunnel " + tunnel.number());
        }
        if (in.read() >= 0) throw new IOException("more than an answer");
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // it is no longer needed
        }
    }
}
