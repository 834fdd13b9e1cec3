package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.RouteChoice.Candidate;

class RouteChoiceTest {
    private static final Endpoint ENDPOINT = Endpoint.port(5432);

    private static Candidate candidate(String node, long epoch, int rank) {
        return new Candidate(new Route(node, "t", epoch, 0), rank);
    }

    private static List<String> order(String self, Endpoint endpoint, Candidate... candidates) {
        return RouteChoice.order(self, endpoint, List.of(candidates)).stream()
                .map(Route::node)
                .toList();
    }

    @Test
    void nodesThatServeComeFirstAndThoseWithoutALinkLast() {
        assertEquals(
                List.of("b", "c", "a"),
                order("x", ENDPOINT, candidate("a", 7, 2), candidate("b", 7, 0), candidate("c", 7, 1)));
    }

    @Test
    void onlyTheNewestEpochCountsAndTheNodeItselfIsLeftOut() {
        assertEquals(
                List.of("b"), order("x", ENDPOINT, candidate("a", 6, 0), candidate("b", 7, 0), candidate("x", 7, 0)));
        assertEquals(List.of(), order("x", ENDPOINT, candidate("a", 6, 0), candidate("x", 7, 0)));
        assertEquals(List.of(), order("x", ENDPOINT));
    }

    @Test
    void theOrderIsStableAndSpreadsOverEndpoints() {
        List<Candidate> all = new ArrayList<>();
        for (String each : List.of("a", "b", "c", "d")) all.add(candidate(each, 1, 0));
        Map<String, Integer> first = new HashMap<>();
        for (int port = 1; port <= 4_000; port++) {
            List<Route> order = RouteChoice.order("x", Endpoint.port(port), all);
            Collections.reverse(all);
            assertEquals(order, RouteChoice.order("x", Endpoint.port(port), all));
            first.merge(order.get(0).node(), 1, Integer::sum);
        }
        first.forEach((node, count) -> assertTrue(count > 850 && count < 1_150, first.toString()));
    }
}
