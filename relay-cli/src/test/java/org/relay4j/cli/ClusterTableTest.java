package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.relay4j.api.json.JsonReader;

/** The answer of a node about its cluster, as text. */
class ClusterTableTest {
    private static Map<?, ?> read(String json) {
        return (Map<?, ?>) JsonReader.read(json);
    }

    @Test
    void nodesAndEndpoints() {
        Map<?, ?> status =
                read("{\"cluster\":\"relay\",\"node\":\"n1\",\"store\":\"reachable\",\"nodes\":[{\"name\":\"n1\","
                        + "\"address\":\"10.0.0.1:7002\",\"version\":\"1.0\",\"state\":\"serving\",\"endpoints\":1,\"linked\":false,"
                        + "\"visitorsSent\":0,\"visitorsReceived\":0},{\"name\":\"n2\",\"state\":\"draining\",\"linked\":true}],"
                        + "\"endpoints\":[{\"endpoint\":\"tcp/20417\",\"tunnel\":\"ab\",\"nodes\":\"n1,n2\"}],\"truncated\":true,"
                        + "\"here\":{\"tunnels\":1,\"routedEndpoints\":6,\"unboundEndpoints\":0,\"passingVisitors\":9,"
                        + "\"waitingVisitors\":8}}");
        assertTrue(ClusterTable.isStatus(status));
        assertEquals("""
                cluster relay, as node n1 sees it; store reachable
                here      1 tunnels, 6 endpoints of other nodes (0 cannot be opened)
                visitors  9 at other nodes, 8 waiting

                NODE  STATE     ADDRESS        LINK  ENDPOINTS  VISITORS SENT  VISITORS RECEIVED  VERSION
                n1    serving   10.0.0.1:7002  -             1              0                  0  1.0
                n2    draining  -              up            -              -                  -  -

                ENDPOINT   NODES  TUNNEL
                tcp/20417  n1,n2  ab
                only the first 1 endpoints are shown
                """, new ClusterTable(status).toString().replace(System.lineSeparator(), "\n"));
    }

    @Test
    void answerOfAnotherProgram() {
        assertFalse(ClusterTable.isStatus(read("{\"cluster\":\"relay\"}")));
        assertFalse(ClusterTable.isStatus(read("{\"nodes\":[]}")));
    }

    @Test
    void noTunnels() {
        String text = new ClusterTable(read("{\"cluster\":\"\\u001b[2J\",\"nodes\":[]}")).toString();
        assertTrue(text.contains("no tunnels"), text);
        assertFalse(text.contains("\u001b"), text);
    }
}
