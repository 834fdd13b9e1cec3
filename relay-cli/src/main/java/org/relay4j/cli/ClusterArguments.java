package org.relay4j.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.relay4j.server.ClusterOptions;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.registry.RegistryStore;

/** The options of a server that is a node of a cluster. Passwords for the store are never arguments, which other users could see. */
final class ClusterArguments {
    private static final Flag[] OTHERS = {
        Flag.CLUSTER_NAME,
        Flag.NODE,
        Flag.PEER,
        Flag.PEER_ADVERTISE,
        Flag.PEER_CERT,
        Flag.PEER_KEY,
        Flag.PEER_CA,
        Flag.DRAIN_DELAY
    };

    private final Arguments arguments;

    ClusterArguments(Arguments arguments) {
        this.arguments = arguments;
    }

    /**
     * Adds the cluster to the options, if there is one, and returns them. Does not connect to its store.
     *
     * @param running the cluster of the server that has these options from now on, whose store is open; null if none runs
     */
    RelayServerOptions complete(RelayServerOptions.Builder options, @Nullable ClusterOptions running) {
        Value cluster = arguments.get(Flag.CLUSTER);
        if (cluster == null) {
            requireNone();
            return options.build();
        }
        if (arguments.get(Flag.PUBLIC_PORTS) == null) {
            throw CommandFailure.usage(cluster.name() + " needs " + Flag.PUBLIC_PORTS
                    + "=<min>-<max>, the same range at all nodes: each node listens on the ports of all tunnels");
        }
        refuse(Flag.STATE_FILE, "the store of the cluster keeps the tunnels");
        refuse(Flag.STICKY_PORTS, "a node does not know the last ports of clients at other nodes");
        if (running != null) { // it stays the same node
            requireTimeFor(running.drainDelay());
            return options.cluster(running).build();
        }
        ClusterOptions.Builder built = ClusterOptions.builder();
        Value name = arguments.get(Flag.CLUSTER_NAME);
        if (name != null) built.name(named(name));
        built.node(node());
        built.peerAddress(peer(required(Flag.PEER, "such as :7002, where other nodes connect")));
        Value advertised = arguments.get(Flag.PEER_ADVERTISE);
        if (advertised != null) built.advertisedAddress(advertised(advertised));
        Value certificate = required(
                Flag.PEER_CERT,
                "the certificate with which this node proves its name; relay keygen --node=<name> makes it");
        Value key = required(Flag.PEER_KEY, "the private key of " + Flag.PEER_CERT);
        Value authority = required(Flag.PEER_CA, "the authority that signs the certificates of nodes");
        built.peerCertificate(certificate.path(), key.path(), authority.path());
        RegistryStore store = store(cluster);
        boolean complete = false;
        try {
            built.store(store);
            arguments.apply(Flag.DRAIN_DELAY, value -> built.drainDelay(value.duration()), built::build);
            ClusterOptions node = built.build();
            requireTimeFor(node.drainDelay());
            RelayServerOptions all = options.cluster(node).build();
            complete = true;
            return all;
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage(String.valueOf(e.getMessage()));
        } finally {
            if (!complete) store.close();
        }
    }

    private RegistryStore store(Value cluster) {
        try {
            return ClusterOptions.openStore(cluster.text(), this::setting);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("cannot use " + cluster.name() + ": " + e.getMessage());
        }
    }

    private @Nullable String setting(@Nullable String name) {
        return name == null ? null : arguments.variable(name);
    }

    /** Throws if visitors of a node that leaves would be reset before its public ports are closed. */
    private void requireTimeFor(Duration delay) {
        Duration gracePeriod = ServerCommand.gracePeriod(arguments, ServerCommand.GRACE_PERIOD);
        if (delay.isZero() || gracePeriod.compareTo(delay) > 0) return;
        throw CommandFailure.usage(Flag.GRACE_PERIOD + " is " + gracePeriod.toMillis() + " ms and " + Flag.DRAIN_DELAY
                + " is " + delay.toMillis() + " ms, which leaves visitors no time to finish; set a longer "
                + Flag.GRACE_PERIOD + " or a shorter " + Flag.DRAIN_DELAY);
    }

    private void requireNone() {
        for (Flag flag : OTHERS) {
            Value value = arguments.get(flag);
            // A variable may be there for other reasons: one environment may serve several commands.
            if (value != null && !value.name().equals(flag.variable())) {
                throw CommandFailure.usage(value.name() + " has no effect without " + Flag.CLUSTER
                        + "=<store>; add it, or remove " + value.name());
            }
        }
    }

    private void refuse(Flag flag, String why) {
        Value value = arguments.get(flag);
        if (value == null || (flag.isSwitch() && !value.isOn())) return;
        throw CommandFailure.usage(
                value.name() + " and " + Flag.CLUSTER + " are both set, but " + why + "; remove " + value.name());
    }

    private Value required(Flag flag, String what) {
        Value value = arguments.get(flag);
        if (value != null) return value;
        throw CommandFailure.usage(Flag.CLUSTER + " needs " + flag + "=<" + flag.parameter() + ">, " + what);
    }

    private String node() {
        Value node = arguments.get(Flag.NODE);
        if (node != null) return named(node);
        String machine;
        try {
            machine = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            machine = "";
        }
        if (ClientName.isValid(machine)) return machine;
        throw CommandFailure.usage(Flag.CLUSTER + " needs " + Flag.NODE
                + "=<name>, because the name of this machine is unknown or cannot be the name of a node");
    }

    /** Returns the name of a cluster or node. */
    static String named(Value value) {
        if (ClientName.isValid(value.text())) return value.text();
        throw value.mustBe(ClientName.FORM);
    }

    private static InetSocketAddress peer(Value value) {
        String text = value.text();
        if (text.lastIndexOf(':') == 0)
            return new InetSocketAddress(new Value(value.name(), text.substring(1)).port(1));
        InetSocketAddress peer = ServerAddress.hostAndPort(
                value, text, "an address and a port, such as 10.0.0.1:7002, or :7002 for all addresses");
        return new InetSocketAddress(new Value(value.name(), peer.getHostString()).address(), peer.getPort());
    }

    private static InetSocketAddress advertised(Value value) {
        return ServerAddress.hostAndPort(
                value, value.text(), "a host and a port, such as relay-1.example.com:7002 or [2001:db8::1]:7002");
    }

    /** Closes the store of options with which no server was started. */
    static void close(RelayServerOptions options) {
        ClusterOptions cluster = options.cluster();
        if (cluster != null) cluster.store().close();
    }

    /** Returns the failure of a node that cannot start. The library's message says why, and what to do. */
    static CommandFailure failure(IOException e) {
        return new CommandFailure(ExitCode.FAILURE, "cannot start the node: " + e.getMessage(), e);
    }
}
