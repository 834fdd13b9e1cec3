package org.relay4j.server;

import java.time.Duration;
import java.util.List;
import org.relay4j.api.Endpoint;

/**
 * What a node knows of its cluster at a point in time.
 *
 * <pre>{@code
 * ClusterView view = server.clusterView();
 * if (view != null) log.info("{} has {} nodes", view.name(), view.nodes().size());
 * }</pre>
 *
 * @param name the name of the cluster
 * @param node the name of this node
 * @param storeReachable whether the store of the cluster can be reached
 * @param lag how long this node has waited to see its own last change in the store
 * @param nodes all nodes, this one too, by name
 * @param counts the state and totals of this node
 */
public record ClusterView(
        String name, String node, boolean storeReachable, Duration lag, List<Node> nodes, Counts counts) {
    /** Copies the list. */
    public ClusterView {
        nodes = List.copyOf(nodes);
    }

    /**
     * A node.
     *
     * @param address where it accepts links of other nodes
     * @param draining whether it is about to leave
     * @param endpoints the number of endpoints that it serves
     * @param linked whether a link from this node to it is up; false for this node
     * @param roundTrip that of the link; zero if it is not known
     * @param sent the number of visitors that this node has passed to it
     * @param received the number of visitors that it has passed to this node
     */
    public record Node(
            String name,
            String address,
            String version,
            boolean draining,
            int endpoints,
            boolean linked,
            Duration roundTrip,
            long sent,
            long received) {}

    /**
     * An endpoint of a tunnel.
     *
     * @param tunnel the id of the tunnel
     * @param nodes the names of the nodes that serve it
     */
    public record Served(Endpoint endpoint, String tunnel, List<String> nodes) {
        /** Copies the list. */
        public Served {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * The state and totals of this node. Totals count from its start.
     *
     * @param tunnels the number of tunnels that this node carries
     * @param claims the number of their endpoints
     * @param unsettled the number of tunnels whose state in the store is to be changed, or is not known
     * @param lost the number of tunnels and endpoints that were lost to other nodes
     * @param refused the number of claims that were refused because another tunnel had the endpoint
     * @param routed the number of ports and host names that are open here for tunnels of other nodes
     * @param unbound the number of those that could not be opened
     * @param waiting the number of visitors that wait for a node to take them
     * @param passing the number of visitors that other nodes serve
     * @param retries how often a node did not take a visitor, which was offered to the next one or waited
     * @param expired the number of visitors that were reset because no node has taken them in time
     * @param gaps the number of times at which an endpoint had no node that serves it, and got one
     * @param gapTime how long all of these lasted
     * @param longestGap how long the longest of them lasted
     */
    public record Counts(
            int tunnels,
            int claims,
            int unsettled,
            long lost,
            long refused,
            int routed,
            int unbound,
            int waiting,
            int passing,
            long retries,
            long expired,
            long gaps,
            Duration gapTime,
            Duration longestGap) {}
}
