package org.relay4j.server.cluster;

import java.time.Duration;

/**
 * The times of a node.
 *
 * @param node time to live of the lease of its entry and its routes
 * @param nodeRenewal time between two renewals of it
 * @param claim time to live of the lease of claims and records
 * @param claimRenewal time between two renewals of it
 * @param margin how long before the end of its claims a node stops using them
 */
record ClusterTimes(Duration node, Duration nodeRenewal, Duration claim, Duration claimRenewal, Duration margin) {
    /*
     * The margin covers the difference of clock rates (1 % of ten minutes), and claims that depend on the lease of another node
     * which carries the same tunnel and whose last renewal may be one claimRenewal older.
     */
    static final ClusterTimes DEFAULT = new ClusterTimes(
            Duration.ofSeconds(3),
            Duration.ofSeconds(1),
            Duration.ofMinutes(10),
            Duration.ofSeconds(20),
            Duration.ofSeconds(30));
}
