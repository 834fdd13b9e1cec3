package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CertificateHostsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "relay.example.com",
                "*.example.com",
                "1and1.example",
                "xn--bcher-kva.example",
                "a-b.c",
                "10.0.0.1",
                "255.249.199.0",
                "::1",
                "2001:DB8::1",
                "::ffff:10.0.0.1"
            })
    void namesAndAddresses(String host) {
        assertEquals(List.of(host), parse(host));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "relay example",
                "relay_1.example.com",
                "https://relay.example.com",
                "relay.example.com:7000",
                "relay.example.com.",
                ".example.com",
                "a..b",
                "-a.example",
                "a-.example",
                "*",
                "*.",
                "a.*.example",
                "bücher.example",
                "1.2.3",
                "256.1.1.1",
                "1.2.3.4.5",
                "::1%eth0",
                "1::2::3",
                ":",
                "12345::",
                "a,",
                ",a",
                "dns:a",
                "a=b"
            })
    void anythingElseIsNamedWithTheRemedy(String host) {
        CommandFailure failure = assertThrows(CommandFailure.class, () -> parse(host));
        assertEquals(ExitCode.USAGE, failure.code());
        String part = host.replace("a,", "").replace(",a", "").strip();
        assertEquals(
                "--host is '" + part + "', it must be a host name such as relay.example.com, or an IP address",
                failure.getMessage());
    }

    @Test
    void labelsAndNamesHaveALongestLength() {
        String label = "a".repeat(63);
        assertEquals(1, parse(label).size());
        assertThrows(CommandFailure.class, () -> parse(label + "a"));
        String longest = (label + ".").repeat(3) + "b".repeat(61);
        assertEquals(1, parse(longest).size());
        assertThrows(CommandFailure.class, () -> parse(longest + "b"));
    }

    @Test
    void aListKeepsItsOrderWithoutRepetitions() {
        assertEquals(List.of("b", "::1", "a"), parse("b, [::1],a,b"));
    }

    @Test
    void addressesAreToldFromNames() {
        assertTrue(CertificateHosts.isAddress("10.0.0.1"));
        assertTrue(CertificateHosts.isAddress("fe80::1"));
        assertFalse(CertificateHosts.isAddress("10.example"));
        assertFalse(CertificateHosts.isAddress("face.example"));
    }

    @Test
    void thisMachineIsLocalhostAmongOthers() {
        List<String> hosts = CertificateHosts.ofThisMachine();
        assertTrue(hosts.containsAll(List.of("localhost", "127.0.0.1", "::1")), hosts::toString);
        assertEquals(hosts, parse(String.join(",", hosts)));
    }

    private static List<String> parse(String text) {
        return CertificateHosts.parse(new Value("--host", text));
    }
}
