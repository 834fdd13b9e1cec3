package org.relay4j.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The open tunnels, connections and names of a server at one instant. The numbers of connections and visitors are read later,
 * without the lock.
 *
 * @param open the open tunnels, established or not
 * @param connections those that have not ended, whose bytes are in no account
 * @param names accounts of client names
 */
record Census(List<Open> open, List<TunnelConnection> connections, Map<String, Account> names) {
    /** An open tunnel, with the bytes of its ended connections. */
    record Open(ServerTunnel tunnel, boolean established, long bytesIn, long bytesOut) {}

    /** Returns the established tunnels, in the order of their numbers. */
    List<OpenTunnel> tunnels() {
        Map<ServerTunnel, List<TunnelConnection>> carrying = new HashMap<>();
        for (TunnelConnection connection : connections) {
            carrying.computeIfAbsent(connection.tunnel(), tunnel -> new ArrayList<>(1))
                    .add(connection);
        }
        List<OpenTunnel> tunnels = new ArrayList<>(open.size());
        for (Open each : open) {
            if (!each.established) continue;
            List<TunnelConnection> of = carrying.getOrDefault(each.tunnel, List.of());
            long in = each.bytesIn;
            long out = each.bytesOut;
            for (TunnelConnection connection : of) {
                in += connection.bytesIn();
                out += connection.bytesOut();
            }
            tunnels.add(each.tunnel.reporter().shown(each.tunnel, of.size(), in, out));
        }
        tunnels.sort(Comparator.comparingLong(tunnel -> tunnel.tunnel().number()));
        return List.copyOf(tunnels);
    }

    /** Returns the statistics of the names, in alphabetical order. */
    List<ClientStatistics> clients() {
        Map<String, Integer> established = new HashMap<>();
        Map<String, Integer> present = new HashMap<>(); // visitors
        for (Open each : open) {
            String owner = each.tunnel.owner();
            Account account = owner == null ? null : names.get(owner);
            if (owner == null || account == null) continue;
            account.visitors += each.tunnel.visitors().accepted();
            present.merge(owner, each.tunnel.visitors().present(), Integer::sum);
            if (each.established) established.merge(owner, 1, Integer::sum);
        }
        for (TunnelConnection connection : connections) {
            String owner = connection.tunnel().owner();
            Account account = owner == null ? null : names.get(owner);
            if (account == null) continue;
            account.bytesIn += connection.bytesIn();
            account.bytesOut += connection.bytesOut();
        }
        List<ClientStatistics> clients = new ArrayList<>(names.size());
        names.forEach((name, account) -> clients.add(new ClientStatistics(
                name,
                account.tunnels,
                established.getOrDefault(name, 0),
                account.visitors,
                present.getOrDefault(name, 0),
                account.bytesIn,
                account.bytesOut)));
        clients.sort(Comparator.comparing(ClientStatistics::name));
        return List.copyOf(clients);
    }
}
