package org.relay4j.cli.admin;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.relay4j.server.ClientStatistics;
import org.relay4j.server.DatagramDrop;
import org.relay4j.server.DatagramStatistics;
import org.relay4j.server.OpenTunnel;
import org.relay4j.server.Refusal;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerStatistics;

/** The metrics of a relay server. The table in docs/metrics.md has their help texts too. */
final class ServerMetrics {
    private ServerMetrics() {}

    static void collect(RelayServer server, Families into) {
        RelayServerStatistics now = server.statistics();
        List<OpenTunnel> open = server.openTunnels();
        into.counter("relay_server_tunnels", "Tunnels established.", now.tunnels())
                .gauge("relay_server_tunnels_open", "Established tunnels, by state.", states(open))
                .gauge(
                        "relay_server_tunnels_limit",
                        "Maximum number of tunnels.",
                        server.options().maxTunnels())
                .gauge(
                        "relay_server_connections_open",
                        "Connections to the clients of established tunnels.",
                        open.stream().mapToInt(OpenTunnel::connections).sum())
                .gauge(
                        "relay_server_clients_pending",
                        "Connected clients that have not answered yet.",
                        now.pendingClients())
                .counter("relay_server_visitors", "Visitors accepted.", now.visitors())
                .gauge("relay_server_visitors_open", "Visitors connected.", now.openVisitors())
                .gauge(
                        "relay_server_visitors_limit",
                        "Maximum number of connected visitors.",
                        server.options().maxVisitors())
                .bytes(
                        "relay_server_bytes",
                        "Bytes received from visitors (in) and sent to them (out).",
                        now.bytesIn(),
                        now.bytesOut())
                .counter("relay_server_refusals", "Clients and visitors refused, by reason.", refusals(now))
                .counter(
                        "relay_server_events_dropped",
                        "Events dropped because the listener of the server was too slow.",
                        now.droppedEvents());
        ofUdpPorts(server.datagrams(), into);
        ofClients(server.clients(), into);
    }

    private static void ofUdpPorts(DatagramStatistics now, Families into) {
        List<Families.Sample> drops = new ArrayList<>();
        for (DatagramDrop reason : DatagramDrop.values()) {
            drops.add(Families.Sample.of(
                    "reason", ServerSource.lower(reason), now.dropped().getOrDefault(reason, 0L)));
        }
        into.counter("relay_server_udp_visitors", "Visitors of UDP ports: addresses, with a port.", now.visitors())
                .gauge("relay_server_udp_visitors_open", "Present visitors of UDP ports.", now.openVisitors())
                .counter(
                        "relay_server_datagrams",
                        "Datagrams received from visitors (in) and sent to them (out).",
                        List.of(
                                Families.Sample.of("direction", "in", now.in()),
                                Families.Sample.of("direction", "out", now.out())))
                .counter("relay_server_datagrams_dropped", "Datagrams dropped, by reason.", drops);
    }

    private static List<Families.Sample> states(List<OpenTunnel> open) {
        List<Families.Sample> samples = new ArrayList<>();
        for (OpenTunnel.State state : OpenTunnel.State.values()) {
            long count = open.stream().filter(tunnel -> tunnel.state() == state).count();
            samples.add(Families.Sample.of("state", ServerSource.lower(state), count));
        }
        return samples;
    }

    private static List<Families.Sample> refusals(RelayServerStatistics now) {
        List<Families.Sample> samples = new ArrayList<>();
        for (Refusal reason : Refusal.values()) {
            samples.add(Families.Sample.of(
                    "reason", ServerSource.lower(reason), now.refusals().getOrDefault(reason, 0L)));
        }
        return samples;
    }

    private static void ofClients(List<ClientStatistics> clients, Families into) {
        List<Families.Sample> bytes = new ArrayList<>();
        for (ClientStatistics client : clients) {
            bytes.add(Families.Sample.of(Labels.of("client", client.name(), "direction", "in"), client.bytesIn()));
            bytes.add(Families.Sample.of(Labels.of("client", client.name(), "direction", "out"), client.bytesOut()));
        }
        into.counter(
                        "relay_server_client_tunnels",
                        "Tunnels established, by client name.",
                        of(clients, ClientStatistics::tunnels))
                .gauge(
                        "relay_server_client_tunnels_open",
                        "Established tunnels, by client name.",
                        of(clients, ClientStatistics::openTunnels))
                .counter(
                        "relay_server_client_visitors",
                        "Visitors accepted, by client name.",
                        of(clients, ClientStatistics::visitors))
                .gauge(
                        "relay_server_client_visitors_open",
                        "Visitors connected to open public ports, by client name.",
                        of(clients, ClientStatistics::openVisitors))
                .counter(
                        "relay_server_client_bytes",
                        "Bytes received from visitors (in) and sent to them (out), by client name.",
                        bytes);
    }

    private static List<Families.Sample> of(List<ClientStatistics> clients, ToLongFunction<ClientStatistics> value) {
        return clients.stream()
                .map(client -> Families.Sample.of("client", client.name(), value.applyAsLong(client)))
                .toList();
    }
}
