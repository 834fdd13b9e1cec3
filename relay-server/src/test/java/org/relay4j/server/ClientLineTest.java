package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The words of a client's line, section 2 of the protocol. */
class ClientLineTest {
    private static final InetSocketAddress CLIENT = new InetSocketAddress("192.0.2.1", 1);

    private static ClientLine parse(String text) throws ClientLine.BadRequest {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return ClientLine.parse(bytes, bytes.length);
    }

    private static ClientRequest request(String text) throws ClientLine.BadRequest {
        return parse(text).request(CLIENT, null, ClientLimits.defaults());
    }

    @Test
    void aLineWithoutWordsAsksForWhatABaseClientGets() throws Exception {
        assertEquals(ClientRequest.base(CLIENT, ClientLimits.defaults()), request("RELAY/1"));
    }

    @Test
    void eachWordHasItsPlace() throws Exception {
        ClientRequest all = request("RELAY/1 port=5432 visitor-address resume=a.b_c-1 drain");
        assertEquals(5432, all.port());
        assertTrue(all.visitorAddress());
        assertTrue(all.leased());
        assertEquals("a.b_c-1", all.resume());
        assertNull(all.join());
        assertTrue(all.drain());
        ClientRequest join = request("RELAY/1 port=none join=lease instead=123456789");
        assertEquals(-1, join.port());
        assertEquals("lease", join.join());
        assertEquals(123_456_789, join.instead());
        assertFalse(join.leased());
        assertTrue(request("RELAY/1 resume").leased());
        assertNull(request("RELAY/1 resume").resume());
    }

    @Test
    void unknownWordsAreIgnored() throws Exception {
        assertEquals(request("RELAY/1"), request("RELAY/1 colour=blue compress HELLO RELAY/2 portx=1"));
    }

    @Test
    void theProofSignsWhatIsBeforeIt() throws Exception {
        ClientLine line = parse("RELAY/1 drain name=alice binding=none proof=abc");
        assertEquals("RELAY/1 drain name=alice binding=none", line.signed());
        assertEquals("abc", line.proof());
        assertEquals(
                "", parse("RELAY/1 name=alice binding=none proof=abc drain").signed());
        assertEquals(
                "",
                parse("RELAY/1 name=a binding=none proof=abc x=y proofs=abc").signed());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "RELAY",
                "RELAY/2",
                "relay/1",
                "GET / HTTP/1.1",
                "4532",
                " RELAY/1",
                "RELAY/1 ",
                "RELAY/1  drain",
                "RELAY/1\tdrain",
                "RELAY/1 drain\r",
                "RELAY/1 drain\0",
                "RELAY/1 caf\u00e9",
                "RELAY/1 =x",
                "RELAY/1 drain drain",
                "RELAY/1 colour=blue colour=blue",
                "RELAY/1 port=1 port=2",
                "RELAY/1 port",
                "RELAY/1 port=",
                "RELAY/1 port=0",
                "RELAY/1 port=-1",
                "RELAY/1 port=05",
                "RELAY/1 port=65536",
                "RELAY/1 port=99999999999",
                "RELAY/1 port=any",
                "RELAY/1 drain=1",
                "RELAY/1 visitor-address=v2",
                "RELAY/1 resume=",
                "RELAY/1 resume=a/b",
                "RELAY/1 join",
                "RELAY/1 join=",
                "RELAY/1 resume join=a",
                "RELAY/1 instead=1",
                "RELAY/1 join=a instead",
                "RELAY/1 join=a instead=-1",
                "RELAY/1 name",
                "RELAY/1 proof=abc",
                "RELAY/1 name=alice proof=abc",
            })
    void whatBreaksTheRulesIsRefused(String line) {
        assertThrows(ClientLine.BadRequest.class, () -> parse(line));
    }

    @Test
    void aLeaseHasABound() throws Exception {
        assertEquals(128, request("RELAY/1 resume=" + "a".repeat(128)).resume().length());
        assertThrows(ClientLine.BadRequest.class, () -> request("RELAY/1 resume=" + "a".repeat(129)));
    }

    @Test
    void secretsAreNotShown() throws Exception {
        String shown = parse("RELAY/1 resume=secret name=alice binding=none proof=secret")
                .toString();
        assertFalse(shown.contains("secret"), shown);
    }
}
