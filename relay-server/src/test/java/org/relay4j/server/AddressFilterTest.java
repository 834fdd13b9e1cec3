package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressFilterTest {
    @ParameterizedTest
    @CsvSource({
        "192.0.2.0/24, 192.0.2.0, true",
        "192.0.2.0/24, 192.0.2.255, true",
        "192.0.2.0/24, 192.0.3.0, false",
        "192.0.2.0/24, 192.0.1.255, false",
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.2, false",
        "192.0.2.128/25, 192.0.2.127, false",
        "192.0.2.128/25, 192.0.2.128, true",
        "192.0.2.6/31, 192.0.2.7, true",
        "192.0.2.6/31, 192.0.2.8, false",
        "10.0.0.0/8, 10.255.255.255, true",
        "0.0.0.0/0, 203.0.113.9, true",
        "0.0.0.0/0, 2001:db8::1, false",
        "::/0, 2001:db8::1, true",
        "::/0, 203.0.113.9, false",
        "2001:db8::/32, 2001:db8:ffff::1, true",
        "2001:db8::/32, 2001:db9::, false",
        "2001:db8:8000::/33, 2001:db8:7fff::, false",
        "2001:db8::1, 2001:db8::1, true",
        "2001:db8::1, 2001:db8::2, false",
        "::ffff:192.0.2.0/120, 192.0.2.9, true",
        "::ffff:192.0.2.0/120, 192.0.3.9, false",
        "192.0.2.0/24, ::ffff:192.0.2.9, true"
    })
    void networkContainsAddress(String network, String address, boolean contained) throws UnknownHostException {
        InetAddress from = InetAddress.getByName(address);
        assertEquals(contained, new AddressFilter(List.of(network), List.of()).allows(from));
        assertEquals(!contained, new AddressFilter(List.of(), List.of(network)).allows(from));
    }

    @Test
    void deniedStaysDenied() throws UnknownHostException {
        AddressFilter filter = new AddressFilter(List.of("192.0.2.0/24", "198.51.100.1"), List.of("192.0.2.128/25"));
        assertTrue(filter.allows(InetAddress.getByName("192.0.2.1")));
        assertTrue(filter.allows(InetAddress.getByName("198.51.100.1")));
        assertFalse(filter.allows(InetAddress.getByName("192.0.2.129")));
        assertFalse(filter.allows(InetAddress.getByName("203.0.113.1")));
        assertFalse(filter.isOff());
    }

    @Test
    void emptyFilterAllowsEverything() throws UnknownHostException {
        AddressFilter filter = new AddressFilter(List.of(), List.of());
        assertTrue(filter.isOff());
        assertTrue(filter.allows(InetAddress.getByName("203.0.113.1")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|expected an address or network, such as 192.0.2.0/24 or 2001:db8::/32",
                "example.com|expected an address or network",
                "192.0.2|expected an address or network",
                "192.0.2.0/|expected an address or network",
                "192.0.2.0/x|expected an address or network",
                "192.0.2.0/24/8|expected an address or network",
                "fe80::1%eth0|expected an address or network",
                "192.0.2.0/33|its prefix length is out of range",
                "2001:db8::/129|its prefix length is out of range",
                "::ffff:192.0.2.0/95|its prefix length is out of range",
                "192.0.2.1/24|it has bits beyond its prefix; write 192.0.2.0/24",
                "2001:db8::1/32|it has bits beyond its prefix; write 2001:db8:0:0:0:0:0:0/32",
                "::ffff:192.0.2.1/120|it has bits beyond its prefix; write 192.0.2.0/24"
            })
    void malformedNetworksAreRefused(String network, String why) {
        String message = assertThrows(
                        IllegalArgumentException.class, () -> new AddressFilter(List.of(network), List.of()))
                .getMessage();
        assertTrue(message.startsWith("\"" + network + "\" is not a network: " + why), message);
        assertThrows(IllegalArgumentException.class, () -> new AddressFilter(List.of(), List.of(network)));
    }

    @Test
    void listsAreBounded() {
        new AddressFilter(Collections.nCopies(AddressFilter.MOST, "::1"), List.of());
        assertThrows(
                IllegalArgumentException.class,
                () -> new AddressFilter(List.of(), Collections.nCopies(AddressFilter.MOST + 1, "::1")));
    }
}
