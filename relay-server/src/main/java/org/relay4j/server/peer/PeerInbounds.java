package org.relay4j.server.peer;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.TlsWire;

/** The established links from other nodes. Safe for use by several threads. */
final class PeerInbounds {
    private final ReentrantLock lock = OrderedLock.leaf("the links from other nodes");
    private final Set<PeerInbound> links = new LinkedHashSet<>(); // guarded by lock
    private boolean closed; // guarded by lock
    private final int mostOfANode;

    /** @param mostOfANode links of one node; one more ends the oldest. A node has one for each loop of this node, and for a moment two */
    PeerInbounds(int mostOfANode) {
        this.mostOfANode = mostOfANode;
    }

    /** Starts the session of a link, on the loop that serves it. */
    void start(String node, Loop loop, TlsWire wire, PeerTarget target) {
        PeerInbound link = new PeerInbound(node, loop, wire, target, this);
        if (add(link)) link.start();
        else wire.close();
    }

    private boolean add(PeerInbound link) {
        PeerInbound oldest = null;
        lock.lock();
        try {
            if (closed) return false;
            links.add(link);
            List<PeerInbound> same = new ArrayList<>();
            for (PeerInbound other : links) {
                if (other.node().equals(link.node())) same.add(other);
            }
            if (same.size() > mostOfANode) oldest = same.get(0);
        } finally {
            lock.unlock();
        }
        if (oldest != null) oldest.close();
        return true;
    }

    void remove(PeerInbound link) {
        lock.lock();
        try {
            links.remove(link);
        } finally {
            lock.unlock();
        }
    }

    int count() {
        lock.lock();
        try {
            return links.size();
        } finally {
            lock.unlock();
        }
    }

    /** Ends all links. Does not block. */
    void close() {
        List<PeerInbound> all;
        lock.lock();
        try {
            closed = true;
            all = List.copyOf(links);
        } finally {
            lock.unlock();
        }
        all.forEach(PeerInbound::close);
    }
}
