package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.relay4j.api.json.JsonReader;

class StatusTableTest {
    private static Map<?, ?> json(String text) {
        return (Map<?, ?>) JsonReader.read(text);
    }

    private static List<String> table(String text) {
        return Arrays.asList(new StatusTable(json(text)).toString().split(System.lineSeparator()));
    }

    @Test
    void server() {
        List<String> lines = table("""
                {"role":"server","version":"0.1.0","state":"serving","time":"2026-11-28T16:30:00Z","since":"2026-11-27T13:59:01.5Z",
                "address":"0.0.0.0:7000","totals":{"tunnels":57,"openTunnels":2,"heldTunnels":1,"openVisitors":124,"visitors":18204,
                "bytesIn":1610612736,"bytesOut":512},"limits":{"tunnels":1000,"visitors":50000},
                "refusals":{"tls":3,"identity":412,"idle":0},"tunnels":[
                {"number":7,"id":null,"name":"web","state":"served","endpoints":[{"kind":"tcp","port":41213}],"client":"192.0.2.1:50123",
                "since":"2026-11-28T16:29:01Z","connections":2,"openVisitors":120,"visitors":9,"bytesIn":1024,"bytesOut":2097152},
                {"number":12,"name":null,"state":"held","endpoints":[
                {"endpoint":"tcp/20001","kind":"tcp","port":20001,"openVisitors":4},
                {"endpoint":"host/a.example","kind":"host","host":"a.example","openVisitors":0}],"client":"[2001:db8::1]:60001",
                "since":"2026-11-28T14:25:00Z","connections":0,"openVisitors":4,"visitors":9,"bytesIn":0,"bytesOut":1}],"truncated":false}
                """);
        assertEquals(
                List.of(
                        "relay server 0.0.0.0:7000, serving, up 1 d 2 h, version 0.1.0",
                        "tunnels   2 of 1000 (1 held), 57 since the start",
                        "visitors  124 of 50000, 18204 since the start",
                        "bytes     1.5 GiB in, 512 B out",
                        "refused   412 identity, 3 tls",
                        "",
                        "TUNNEL  NAME  STATE   ENDPOINT                  CLIENT               CONNECTIONS  VISITORS       IN      OUT         UP",
                        "     7  web   served  tcp/41213                 192.0.2.1:50123                2       120  1.0 KiB  2.0 MiB       59 s",
                        "    12  -     held    tcp/20001,host/a.example  [2001:db8::1]:60001            0         4      0 B      1 B  2 h 5 min"),
                lines);
    }

    @Test
    void forwarder() {
        List<String> lines = table("""
                {"role":"forwarder","version":"0.1.0","state":"draining","time":"2026-11-28T16:30:00Z","since":"2026-11-28T16:20:00Z",
                "server":"relay.example.com:7000","local":"localhost:6379","tunnels":[{"state":"up","endpoints":[
                {"kind":"tcp","host":"2001:db8::1","port":41213}],"openVisitors":1,"bytesIn":1,"bytesOut":2,"reconnects":3,
                "roundTripSeconds":0.0125}],"truncated":true}
                """);
        assertEquals(
                "relay forwarder to relay.example.com:7000, local service localhost:6379, draining, up 10 min, version 0.1.0",
                lines.get(0));
        assertEquals("PUBLIC ADDRESS       STATE  VISITORS   IN  OUT  RECONNECTS  ROUND TRIP", lines.get(2));
        assertEquals("[2001:db8::1]:41213  up            1  1 B  2 B           3     12.5 ms", lines.get(3));
        assertEquals("only the first 1 tunnels are shown", lines.get(4));
    }

    @Test
    void missingAndHostileFields() {
        List<String> lines = table("""
                {"role":"server","address":"\\u001b[2J\\u202e","time":"yesterday","since":7,"totals":[],"refusals":{"a\\nb":1,"c":"d"},
                "tunnels":[1,null,{"number":"7","name":{},"endpoints":[3,{}],"bytesIn":1.5,"since":"2026-11-28T14:25:00Z"}]}
                """);
        assertEquals("relay server \\u001b[2J\\u202e, -, up -, version -", lines.get(0));
        assertEquals("refused   1 a\\u000ab", lines.get(4));
        assertEquals(8, lines.size(), lines::toString);
        assertTrue(lines.get(7).matches(" +-  -     -      -/-.*"), lines.get(7));
    }

    @Test
    void noTunnels() {
        List<String> lines = table("{\"role\":\"server\",\"tunnels\":[]}");
        assertEquals("no tunnels", lines.get(lines.size() - 1));
        assertEquals("refused   none", lines.get(4));
    }

    @Test
    void otherAnswers() {
        assertFalse(StatusTable.isStatus(json("{}")));
        assertFalse(StatusTable.isStatus(json("{\"role\":\"server\"}")));
        assertFalse(StatusTable.isStatus(json("{\"role\":\"server\",\"tunnels\":{}}")));
        assertFalse(StatusTable.isStatus(json("{\"role\":\"admin\",\"tunnels\":[]}")));
        assertTrue(StatusTable.isStatus(json("{\"role\":\"forwarder\",\"tunnels\":[]}")));
    }
}
