package org.relay4j.benchmarks.cluster;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the processes have used: one number for the nodes together, instead of 25. */
final class Shares {
    private Shares() {}

    /** Returns the mean and the maximum of the nodes, and the values of all other processes. */
    static Map<String, Double> of(Map<String, Double> values) {
        Map<String, Double> shares = new LinkedHashMap<>();
        double sum = 0;
        double most = 0;
        int nodes = 0;
        for (Map.Entry<String, Double> each : values.entrySet()) {
            double value = each.getValue();
            if (each.getKey().matches("n[0-9]+")) {
                nodes++;
                sum += value;
                most = Math.max(most, value);
            } else {
                shares.put(each.getKey(), value);
            }
        }
        shares.put("node_mean", sum / nodes);
        shares.put("node_max", most);
        return shares;
    }
}
