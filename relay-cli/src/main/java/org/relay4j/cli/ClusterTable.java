package org.relay4j.cli;

import static org.relay4j.cli.StatusTable.count;
import static org.relay4j.cli.StatusTable.list;
import static org.relay4j.cli.StatusTable.map;
import static org.relay4j.cli.StatusTable.word;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The answer of a node about its cluster, as text for people. No text of the answer can control the terminal. */
final class ClusterTable {
    private static final List<String> NODES = List.of(
            "NODE", "STATE", "ADDRESS", "LINK", "ENDPOINTS>", "VISITORS SENT>", "VISITORS RECEIVED>", "VERSION");
    private static final List<String> ENDPOINTS = List.of("ENDPOINT", "NODES", "TUNNEL");

    private final StringBuilder text = new StringBuilder();

    ClusterTable(Map<?, ?> status) {
        Map<?, ?> here = map(status, "here");
        line("cluster " + word(status, "cluster") + ", as node " + word(status, "node") + " sees it; store "
                + word(status, "store"));
        line("here      " + count(here, "tunnels") + " tunnels, " + count(here, "routedEndpoints")
                + " endpoints of other nodes (" + count(here, "unboundEndpoints") + " cannot be opened)");
        line("visitors  " + count(here, "passingVisitors") + " at other nodes, " + count(here, "waitingVisitors")
                + " waiting");
        line("");
        table(NODES, rows(status, "nodes", ClusterTable::node));
        line("");
        List<List<String>> endpoints = rows(status, "endpoints", ClusterTable::endpoint);
        if (endpoints.isEmpty()) line("no tunnels");
        else table(ENDPOINTS, endpoints);
        if (Boolean.TRUE.equals(status.get("truncated")))
            line("only the first " + endpoints.size() + " endpoints are shown");
    }

    /** Returns whether an answer is that of a node. */
    static boolean isStatus(Map<?, ?> answer) {
        return answer.get("cluster") instanceof String && answer.get("nodes") instanceof List<?>;
    }

    private static List<List<String>> rows(Map<?, ?> status, String name, Function<Map<?, ?>, List<String>> row) {
        List<List<String>> rows = new ArrayList<>();
        for (Object each : list(status, name)) if (each instanceof Map<?, ?> element) rows.add(row.apply(element));
        return rows;
    }

    private static List<String> node(Map<?, ?> node) {
        return List.of(
                word(node, "name"),
                word(node, "state"),
                word(node, "address"),
                Boolean.TRUE.equals(node.get("linked")) ? "up" : "-",
                count(node, "endpoints"),
                count(node, "visitorsSent"),
                count(node, "visitorsReceived"),
                word(node, "version"));
    }

    private static List<String> endpoint(Map<?, ?> endpoint) {
        return List.of(word(endpoint, "endpoint"), word(endpoint, "nodes"), word(endpoint, "tunnel"));
    }

    private void table(List<String> titles, List<List<String>> rows) {
        for (String line : StatusTable.lines(titles, rows)) line(line);
    }

    private void line(String line) {
        text.append(line).append(System.lineSeparator());
    }

    /** Returns lines. */
    @Override
    public String toString() {
        return text.toString();
    }
}
