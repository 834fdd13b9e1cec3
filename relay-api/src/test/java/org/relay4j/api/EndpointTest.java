package org.relay4j.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    private static final String LONGEST_LABEL = "a".repeat(63);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tcp/0",
                "tcp/1",
                "tcp/65535",
                "udp/0",
                "udp/5353",
                "host/0",
                "host/localhost",
                "host/app.example.com",
                "host/xn--bcher-kva.example",
                "host/1.example",
                "host/a--b.example"
            })
    void theTextThatIsSentIsReadAgain(String text) {
        Endpoint endpoint = Endpoint.parse(text);
        assertEquals(text, endpoint.toString());
        assertEquals(Endpoint.parse(text), endpoint);
        assertEquals(Endpoint.parse(text).hashCode(), endpoint.hashCode());
        assertEquals(text.endsWith("/0"), endpoint.isAny());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tcp",
                "tcp/",
                "tcp/-1",
                "tcp/+1",
                "tcp/01",
                "tcp/00",
                "tcp/65536",
                "tcp/100000",
                "tcp/٣",
                "TCP/1",
                "tcp/1/2",
                "sctp/1",
                "host/",
                "host/APP.example.com",
                "host/app.example.com.",
                "host/.example.com",
                "host/a..b",
                "host/-a.example",
                "host/a-.example",
                "host/*.example.com",
                "host/app.example.com:443",
                "host/a_b.example",
                "host/bücher.example",
                "host/127.0.0.1",
                "host/1",
                "host/a.0x1",
                "host/[::1]",
                "host/a b",
                "host/a\u0000b"
            })
    void otherTextIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Endpoint.parse(text));
    }

    @ParameterizedTest
    @CsvSource({
        "App.Example.COM,host/app.example.com",
        "app.example.com.,host/app.example.com",
        "bücher.example,host/xn--bcher-kva.example",
        "a。example,host/a.example"
    })
    void aNameIsConvertedToItsOneForm(String name, String text) {
        assertEquals(text, Endpoint.host(name).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ".", "a..b", "*.example.com", "app.example.com:443", "10.0.0.1", "::1", "a b", "a/b", "0"})
    void aNameThatIsNoneIsRefused(String name) {
        String message = assertThrows(IllegalArgumentException.class, () -> Endpoint.host(name))
                .getMessage();
        assertTrue(message.contains("'" + name + "'"), message);
    }

    @Test
    void namesHaveTheLengthsOfDns() {
        String longest = String.join(".", LONGEST_LABEL, LONGEST_LABEL, LONGEST_LABEL, "a".repeat(61));
        assertEquals(253, longest.length());
        assertEquals(longest, Endpoint.host(longest).name());
        assertThrows(IllegalArgumentException.class, () -> Endpoint.host(longest + "a"));
        assertThrows(IllegalArgumentException.class, () -> Endpoint.host("a" + LONGEST_LABEL + ".example"));
        assertThrows(IllegalArgumentException.class, () -> Endpoint.parse("host/a" + LONGEST_LABEL + ".example"));
    }

    @Test
    void portsAreWithinTheirRange() {
        assertThrows(IllegalArgumentException.class, () -> Endpoint.port(0));
        assertThrows(IllegalArgumentException.class, () -> Endpoint.port(65_536));
        assertThrows(IllegalArgumentException.class, () -> Endpoint.udpPort(-1));
        assertEquals("tcp/5432", Endpoint.port(5432).toString());
        assertEquals("udp/53", Endpoint.udpPort(53).toString());
    }

    @Test
    void kindsAreApart() {
        assertNotEquals(Endpoint.port(53), Endpoint.udpPort(53));
        assertNotEquals(Endpoint.anyPort(), Endpoint.anyUdpPort());
        assertNotEquals(Endpoint.anyPort(), Endpoint.anyHost());
        assertEquals("tcp/0", Endpoint.anyPort().toString());
        assertEquals("udp/0", Endpoint.anyUdpPort().toString());
        assertEquals("host/0", Endpoint.anyHost().toString());
    }
}
