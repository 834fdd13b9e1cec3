package org.relay4j.server.cluster;

import java.util.List;
import java.util.Map;

/**
 * What a node knows of its cluster, for operators. Times are in nanoseconds.
 *
 * @param self this node
 * @param state whether it can reach the registry
 * @param watchLag how long it took until the node saw its own last change, or has been waiting for it
 * @param nodes the other nodes, by name
 * @param routes the number of endpoints that each node serves
 * @param work what this node has and does
 * @param gaps how long endpoints had no route
 */
public record ClusterStatus(
        NodeInfo self,
        RegistryState state,
        long watchLag,
        List<NodeInfo> nodes,
        Map<String, Integer> routes,
        Work work,
        Gaps gaps) {
    /**
     * What this node has and does.
     *
     * @param tunnels it carries
     * @param endpoints of these tunnels
     * @param lost the number of tunnels and endpoints that it has lost, by reason
     * @param unsettled tunnels for which the registry is to be changed, or their state there is not known
     * @param requests to the registry that are under way
     * @param waiting requests that wait for their turn
     */
    public record Work(
            int tunnels, int endpoints, Map<LossReason, Long> lost, int unsettled, int requests, int waiting) {}

    /**
     * The times between the last route of a tunnel's endpoint and its next one, as this node saw them. A gap of more than a minute is not
     * counted: the client has not returned.
     *
     * @param total of all gaps
     * @param longest of all gaps
     */
    public record Gaps(long count, long total, long longest) {}
}
