package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import javax.security.auth.x500.X500Principal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which name a certificate's subject proves. */
class PeerIdentityTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            emptyValue = "",
            value = {
                "CN=alice | alice",
                "O=Example, CN=alice, C=DE | alice",
                "cn=web-1.example | web-1.example",
                "O=Example | ''",
                "CN=alice, CN=bob | ''",
                "O=\"x, CN=admin\" | ''",
                "O=\"x, CN=admin\", CN=alice | alice",
                "CN=\"alice, CN=admin\" | alice, CN=admin", // not the form of a name, so it is refused
                "CN=alice+O=Example | ''",
            })
    void onlyASingleCommonNameCounts(String subject, String name) {
        assertEquals(name, PeerIdentity.commonName(new X500Principal(subject).getName()));
    }
}
