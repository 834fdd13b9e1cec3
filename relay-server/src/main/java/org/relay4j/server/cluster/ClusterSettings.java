package org.relay4j.server.cluster;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import org.relay4j.api.control.ClientName;

/** What a node tells the others about itself, and its times. Immutable. */
public final class ClusterSettings {
    private final String cluster;
    private final NodeInfo self;
    private final ClusterTimes times;
    private final View.Limits limits;
    private final Duration lease;

    private ClusterSettings(String cluster, NodeInfo self, ClusterTimes times, View.Limits limits, Duration lease) {
        this.cluster = cluster;
        this.self = self;
        this.times = times;
        this.limits = limits;
        this.lease = lease;
    }

    /**
     * Returns settings with a random incarnation.
     *
     * @param cluster the name of the cluster: 1 to 64 letters, digits, dots, underscores and hyphens
     * @param node the name of the node, of the same form; each node of a cluster has another one
     * @param peerAddress where other nodes reach this one; a name is not resolved here
     * @param loops the number of event loops, 1 to {@value NodeInfo#MOST_LOOPS}
     * @param version of the server, visible ASCII without spaces
     * @throws IllegalArgumentException if a value is out of range
     */
    public static ClusterSettings of(
            String cluster, String node, InetSocketAddress peerAddress, int loops, String version) {
        requireName("cluster", cluster);
        requireName("node", node);
        if (loops < 1 || loops > NodeInfo.MOST_LOOPS)
            throw new IllegalArgumentException(
                    "the number of loops is " + loops + ", it must be between 1 and " + NodeInfo.MOST_LOOPS);
        byte[] random = new byte[8];
        new SecureRandom().nextBytes(random);
        String incarnation = HexFormat.of().formatHex(random);
        NodeInfo self = new NodeInfo(node, incarnation, peerAddress, loops, version, false);
        if (NodeText.parse(node, NodeText.of(self)) == null) {
            throw new IllegalArgumentException("peer address or version cannot be passed on to other nodes");
        }
        return new ClusterSettings(cluster, self, ClusterTimes.DEFAULT, View.Limits.DEFAULT, Duration.ofSeconds(30));
    }

    private static void requireName(String what, String name) {
        if (!ClientName.isValid(name)) {
            throw new IllegalArgumentException(
                    "the name of the " + what + " is '" + name + "', it must be " + ClientName.FORM);
        }
    }

    /** Returns the same with another incarnation. */
    ClusterSettings incarnation(String value) {
        NodeInfo other =
                new NodeInfo(self.name(), value, self.peerAddress(), self.loops(), self.version(), self.draining());
        return new ClusterSettings(cluster, other, times, limits, lease);
    }

    /** Returns the same with other times. */
    ClusterSettings times(ClusterTimes value) {
        return new ClusterSettings(cluster, self, value, limits, lease);
    }

    /** Returns the same with another time for which a tunnel without a client stays claimed; by default 30 seconds. */
    public ClusterSettings lease(Duration value) {
        return new ClusterSettings(cluster, self, times, limits, value);
    }

    /** Returns the same with another limit of what is looked at. */
    ClusterSettings limits(View.Limits value) {
        return new ClusterSettings(cluster, self, times, value, lease);
    }

    /** Returns the name of the cluster. */
    public String cluster() {
        return cluster;
    }

    /** Returns what the other nodes see of this one. */
    public NodeInfo self() {
        return self;
    }

    ClusterTimes times() {
        return times;
    }

    View.Limits limits() {
        return limits;
    }

    /** Returns for how long a client without a connection can come back to its tunnel. */
    Duration lease() {
        return lease;
    }
}
