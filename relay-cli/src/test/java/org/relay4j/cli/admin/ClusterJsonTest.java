package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.server.ClusterView;

/** The JSON object of a node about its cluster. */
class ClusterJsonTest {
    static ClusterView view() {
        ClusterView.Node first =
                new ClusterView.Node("n1", "10.0.0.1:7002", "1.0", false, 1, false, Duration.ZERO, 0, 0);
        ClusterView.Node second =
                new ClusterView.Node("n2", "10.0.0.2:7002", "1.0", true, 2, true, Duration.ofNanos(250_000), 7, 8);
        return new ClusterView(
                "relay",
                "n1",
                true,
                Duration.ofMillis(12),
                List.of(first, second),
                new ClusterView.Counts(
                        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, Duration.ofMillis(1_300), Duration.ofMillis(700)));
    }

    @Test
    void allFields() {
        ClusterView.Served served = new ClusterView.Served(Endpoint.port(20_417), "ab".repeat(16), List.of("n1", "n2"));
        String node =
                "\"address\":\"10.0.0.%s:7002\",\"version\":\"1.0\",\"state\":\"%s\",\"endpoints\":%s,\"linked\":%s,"
                        + "\"roundTripMicros\":%s,\"visitorsSent\":%s,\"visitorsReceived\":%s}";
        assertEquals(
                "{\"cluster\":\"relay\",\"node\":\"n1\",\"store\":\"reachable\",\"lagMillis\":12,\"nodes\":[{\"name\":\"n1\","
                        + node.formatted(1, "serving", 1, false, 0, 0, 0) + ",{\"name\":\"n2\","
                        + node.formatted(2, "draining", 2, true, 250, 7, 8)
                        + "],\"endpoints\":[{\"endpoint\":\"tcp/20417\",\"tunnel\":\"" + "ab".repeat(16)
                        + "\",\"nodes\":\"n1,n2\"}],\"truncated\":false,\"here\":{\"tunnels\":1,\"claims\":2,"
                        + "\"unsettledTunnels\":3,\"lost\":4,\"refusedClaims\":5,\"routedEndpoints\":6,"
                        + "\"unboundEndpoints\":7,\"waitingVisitors\":8,\"passingVisitors\":9,\"retries\":10,"
                        + "\"expiredVisitors\":11,\"gaps\":12,\"gapMillis\":1300,\"longestGapMillis\":700}}",
                ClusterJson.of(view(), List.of(served)).toString());
    }
}
