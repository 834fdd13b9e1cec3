package org.relay4j.cli.admin;

import java.net.InetSocketAddress;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.cli.json.JsonLine;

/**
 * One of several services of a forwarder.
 *
 * @param name its name
 * @param local where it is, as text
 * @param endpoint what the server has granted
 * @param forwarder carries its visitors
 */
public record ForwardedService(String name, String local, Endpoint endpoint, Tunnel forwarder) {
    JsonLine shown() {
        TunnelStatistics now = forwarder.statistics();
        return shown(endpoint, forwarder.publicAddress())
                .with("service", name)
                .with("local", local)
                .with("state", forwarder.isOpen() ? "up" : "down")
                .with("openVisitors", now.openVisitors())
                .with("visitors", now.visitors())
                .with("bytesIn", now.bytesIn())
                .with("bytesOut", now.bytesOut());
    }

    /** Returns an endpoint in JSON; a host name has no port. */
    static JsonLine shown(Endpoint endpoint, InetSocketAddress address) {
        boolean named = endpoint.kind() == Endpoint.Kind.HOST;
        JsonLine line =
                new JsonLine().with("kind", ServerSource.lower(endpoint.kind())).with("host", address.getHostString());
        return named ? line : line.with("port", address.getPort());
    }
}
