package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayUnreachableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The addresses under which a relay server can be reached: those of its host, then those of further nodes of its cluster, in an order
 * that is random, but always the same. Resolved each time. Immutable.
 */
final class ServerAddresses {
    /*
     * Programs are often given the same list. In its order, all tunnels of a node that dies would go to the same other node.
     */
    private static final Logger log = LoggerFactory.getLogger(ServerAddresses.class);

    private final List<InetSocketAddress> servers; // each perhaps unresolved, and perhaps with several addresses

    ServerAddresses(InetSocketAddress server, List<InetSocketAddress> nodes) {
        this(server, nodes, new Random());
    }

    ServerAddresses(InetSocketAddress server, List<InetSocketAddress> nodes, Random random) {
        List<InetSocketAddress> further = new ArrayList<>(nodes);
        Collections.shuffle(further, random);
        List<InetSocketAddress> all = new ArrayList<>(nodes.size() + 1);
        all.add(server);
        all.addAll(further);
        servers = List.copyOf(all);
    }

    /**
     * Resolves all. Blocks as the resolver does. The addresses of a host are in the order of RFC 8305.
     *
     * @throws RelayUnreachableException if no host is known
     */
    List<InetSocketAddress> resolve() throws RelayUnreachableException {
        List<InetSocketAddress> resolved = new ArrayList<>();
        RelayUnreachableException failure = null;
        for (InetSocketAddress server : servers) {
            try {
                for (InetSocketAddress each : Dial.resolve(server.getHostString(), server.getPort())) {
                    if (resolved.size() < Dial.MOST_ADDRESSES && !resolved.contains(each)) resolved.add(each);
                }
            } catch (RelayUnreachableException e) {
                log.debug("{}", e.getMessage());
                if (failure == null) failure = e;
            }
        }
        if (failure != null && resolved.isEmpty()) throw failure;
        return resolved;
    }

    /** Moves the preferred address to the front, as the resolver has it: with its scope, which does not count for equality. */
    static List<InetSocketAddress> preferring(@Nullable InetSocketAddress preferred, List<InetSocketAddress> resolved) {
        List<InetSocketAddress> ordered = new ArrayList<>(resolved);
        int at = preferred == null ? -1 : find(preferred, ordered);
        if (at > 0) ordered.add(0, ordered.remove(at));
        return ordered;
    }

    private static int find(InetSocketAddress wanted, List<InetSocketAddress> addresses) {
        InetAddress address = wanted.getAddress();
        for (int i = 0; i < addresses.size(); i++) {
            InetSocketAddress each = addresses.get(i);
            if (each.getPort() == wanted.getPort() && address.equals(each.getAddress())) return i;
        }
        return -1;
    }
}
