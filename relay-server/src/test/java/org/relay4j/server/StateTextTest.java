package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;

/** The format of a state file: what is written is read again, and anything else is refused with a position. */
class StateTextTest {
    private static final String HEAD = "relay-state version=1\n";
    private static final String ID = "0123456789abcdef".repeat(2);
    private static final String HASH = "0123456789abcdef".repeat(4);
    private static final String LINE =
            "tunnel id=" + ID + " port=5432 client=192.0.2.7/51234 connections=1000 leases=" + HASH + "\n";

    static KeptTunnel tunnel(int n, @Nullable String owner, boolean visitorAddress, int leases) {
        String id = String.format("%032x", n);
        InetSocketAddress client = new InetSocketAddress(InetAddress.getLoopbackAddress(), 40_000);
        return new KeptTunnel(
                id, n, owner, client, visitorAddress, 1_000, Collections.nCopies(leases, HASH), List.of());
    }

    private static byte[] text(List<KeptTunnel> tunnels) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        StateText.write(tunnels, out);
        return out.toByteArray();
    }

    private static List<KeptTunnel> parse(String text) throws StateText.Malformed {
        return StateText.parse(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String refused(byte[] bytes) {
        return String.valueOf(assertThrows(StateText.Malformed.class, () -> StateText.parse(bytes))
                .getMessage());
    }

    private static String refused(String text) {
        return refused(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void whatIsWrittenIsReadInOrder() throws Exception {
        List<KeptTunnel> tunnels =
                List.of(tunnel(9, null, false, 1), tunnel(3, "alice", true, 4), tunnel(65_535, "a-b.c_d", false, 2));
        assertEquals(tunnels, StateText.parse(text(tunnels)));
        assertEquals(List.of(), StateText.parse(text(List.of())));
    }

    @Test
    void otherEndpointsFollowTheirTunnel() throws Exception {
        KeptTunnel many = tunnel(0, "alice", true, 1)
                .with(Endpoint.port(7001))
                .with(Endpoint.udpPort(7001))
                .with(Endpoint.host("app.example.com"));
        List<KeptTunnel> tunnels =
                List.of(many, tunnel(3, null, false, 1).with(Endpoint.port(7002)), tunnel(4, null, false, 1));
        assertEquals(tunnels, StateText.parse(text(tunnels)));
        String written = new String(text(tunnels), StandardCharsets.US_ASCII);
        assertTrue(written.contains(" port=none name=alice "), written);
        assertTrue(
                written.contains("\nendpoint tcp/7001\nendpoint udp/7001\nendpoint host/app.example.com\ntunnel "),
                written);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "endpoint tcp/5432|the endpoint is repeated",
                "endpoint|it must have one endpoint",
                "endpoint tcp/1 tcp/2|it must have one endpoint",
                "endpoint tcp/1=2|it must have one endpoint",
                "endpoint tcp/0|it must have one endpoint",
                "endpoint http/1|'http/1' is not an endpoint; it must begin with tcp/, udp/ or host/",
            })
    void malformedEndpointsAreRefused(String line, String why) {
        assertEquals("line 3: " + why, refused(HEAD + LINE + line + "\nend tunnels=1\n"));
        assertTrue(refused(HEAD + line + "\nend tunnels=0\n").startsWith("line 2: "));
    }

    @Test
    void endpointsOfATunnelAreBounded() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int n = 1; n <= Endpoints.MOST; n++)
            lines.append("endpoint tcp/").append(n).append('\n');
        assertEquals(
                33,
                parse(HEAD + LINE + lines + "end tunnels=1\n")
                        .get(0)
                        .endpoints()
                        .size());
        lines.append("endpoint tcp/60000\n");
        assertEquals("line 35: the tunnel has too many endpoints", refused(HEAD + LINE + lines + "end tunnels=1\n"));
    }

    @Test
    void addressesOfBothFamiliesAreReadWithoutALookUp() throws Exception {
        for (String address : new String[] {"192.0.2.7", "2001:db8::1", "::"}) {
            KeptTunnel read = parse(HEAD + LINE.replace("192.0.2.7", address) + "end tunnels=1\n")
                    .get(0);
            assertEquals(new InetSocketAddress(InetAddress.getByName(address), 51_234), read.client());
        }
    }

    @Test
    void zoneOfAnAddressIsNotWritten() throws Exception {
        byte[] local = InetAddress.getByName("fe80::1").getAddress();
        InetAddress scoped = Inet6Address.getByAddress("", local, 7);
        KeptTunnel kept = new KeptTunnel(
                ID, 5432, null, new InetSocketAddress(scoped, 1), false, 1_000, List.of(HASH), List.of());
        assertEquals(
                new InetSocketAddress(InetAddress.getByAddress(local), 1),
                KeptTunnel.of(kept.line()).client());
    }

    @Test
    void longestLineIsWithinTheBoundAndSoIsTheLargestFile() throws Exception {
        byte[] address = new byte[16];
        Arrays.fill(address, (byte) 0xff);
        KeptTunnel longest = new KeptTunnel(
                ID,
                65_535,
                "n".repeat(64),
                new InetSocketAddress(InetAddress.getByAddress(address), 65_535),
                true,
                999_999_999,
                Collections.nCopies(Lease.MOST_VALID, HASH),
                List.of());
        assertEquals(longest, StateText.parse(text(List.of(longest))).get(0));
        assertTrue(65_535L * longest.line().encode().length + text(List.of()).length < StateText.LARGEST);
    }

    @Test
    void truncatedFileIsRefusedWhereverItEnds() throws Exception {
        byte[] whole = text(List.of(tunnel(1, "alice", true, 2), tunnel(2, null, false, 1)));
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            String message = refused(part);
            assertTrue(message.contains("end is missing"), length + ": " + message);
        }
    }

    @Test
    void fileWithAnyOtherByteIsRefusedOrStillOneOfTunnels() throws Exception {
        byte[] whole = (HEAD + LINE + "end tunnels=1\n").getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < whole.length; i++) {
            for (int value : new int[] {0, '\n', '\r', ' ', '=', '#', 'g', 0x7f, 0xe4}) {
                byte[] changed = whole.clone();
                changed[i] = (byte) value;
                StateFileFuzz.fuzzerTestOneInput(changed);
            }
        }
    }

    @Test
    void fileThatIsTooLargeIsRefusedBeforeItIsParsed() {
        assertTrue(refused(new byte[StateText.LARGEST + 1]).contains("larger than " + StateText.LARGEST));
    }

    @Tag("slow")
    @Test
    void asManyTunnelsAsThereArePortsAreRead() throws Exception {
        List<KeptTunnel> all = new ArrayList<>();
        for (int n = 1; n <= 65_535; n++) all.add(tunnel(n, null, false, 1));
        assertEquals(all, StateText.parse(text(all)));
    }

    @Test
    void repeatedPortsAndIdsAreRefused() {
        String otherPort = LINE.replace("5432", "5433");
        String otherId = LINE.replace("id=0", "id=1");
        assertEquals("line 3: the port is repeated", refused(HEAD + LINE + otherId + "end tunnels=2\n"));
        assertEquals("line 3: the id is repeated", refused(HEAD + LINE + otherPort + "end tunnels=2\n"));
    }

    @Test
    void foreignFilesAndOtherVersionsAreRefused() {
        assertEquals("line 1: the file is not a state file", refused("[clients.alice]\n"));
        assertEquals("line 3: the file is not a state file", refused("# Relay lease\n#\nfor relay:7000\nlease x.y\n"));
        assertEquals("line 1: the version is not 1", refused("relay-state version=2\nend tunnels=0\n"));
        assertEquals("the end is missing", refused("# only a comment\n"));
        assertEquals("line 3: the number of tunnels is wrong", refused(HEAD + LINE + "end tunnels=2\n"));
        assertEquals("something follows the end in line 2", refused(HEAD + "end tunnels=0\n\n"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "id=0|id=G|'id' must be 32 hexadecimal digits",
                "id=0|id=0a|'id' must be 32 hexadecimal digits",
                " port=5432 client|client|'port' is missing",
                "5432|0|the number of 'port' must be between 1 and 65535",
                "5432|65536|the number of 'port' must be between 1 and 65535",
                "5432|99999999999999999999|the number of 'port' must be between 1 and 65535",
                "5432|+1|the number of 'port' must be between 1 and 65535",
                "192.0.2.7|localhost|'client' must be an IP address",
                "192.0.2.7/51234|192.0.2.7|'client' must be an IP address",
                "51234|65536|the number of 'client' must be between 0 and 65535",
                "connections=1000|connections=-1|the number of 'connections' must be between 0 and 999999999",
                "connections=1000|connections|a value is missing, or not expected",
                "connections=1000|connections=1 visitor-address=yes|a value is missing, or not expected",
                "connections=1000|connections=1 extra=1|it has an unknown word",
                "connections=1000|connections=1 name=a/b|'name' is not a name",
                "connections=1000|connections=1 name=|'name' is not a name",
                "leases=0|leases=|'leases' must be 1 to 4 hashes",
                "leases=0|leases=A|'leases' must be 1 to 4 hashes",
                "tunnel|tunnels|it does not begin with 'tunnel'",
                "port=5432|port=1 port=2|the word 'port' is repeated"
            })
    void malformedLinesAreRefused(String part, String replacement, String expected) {
        String line = LINE.replaceFirst(part, replacement);
        String message = refused(HEAD + line + "end tunnels=1\n");
        assertTrue(message.startsWith("line 2: ") && message.contains(expected), message);
    }

    @ParameterizedTest
    @ValueSource(ints = {511, 512, 100_000})
    void linesThatAreTooLongAreRefused(int length) {
        String message = refused(HEAD + "x".repeat(length) + "\n");
        assertTrue(message.contains(length < 512 ? "does not begin" : "longer than 512 bytes"), message);
    }

    @Test
    void noMoreLeasesThanATunnelCanHaveAreRead() {
        String five = LINE.replace(HASH, String.join(",", Collections.nCopies(5, HASH)));
        assertTrue(refused(HEAD + five + "end tunnels=1\n").contains("1 to 4 hashes"));
    }
}
