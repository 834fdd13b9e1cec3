package org.relay4j.server.names;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;

/** A name that a visitor sends must be equal to the name of the endpoint, however both are written. */
class HostTextTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "app.example.com",
                "APP.Example.Com",
                "app.example.com.",
                "localhost",
                "a",
                "x-1.xn--bcher-kva.example",
                "XN--BCHER-KVA.example.",
                "1.2.3.example",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"
            })
    void likeEndpoints(String text) {
        assertEquals(Endpoint.host(text).name(), HostText.name(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"192.0.2.1", "a_b.example", "a..example", ".example", "-a.example", "a.example..", "0x7f.1", "1"
            })
    void neverEndpoints(String text) {
        String name = String.valueOf(HostText.name(text));
        assertThrows(IllegalArgumentException.class, () -> Endpoint.parse("host/" + name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "*",
                "a:1",
                "a b",
                "b\u00FCcher.example",
                "a\0.example",
                "a/b",
                "a@b",
                "\u212Aelvin.example"
            })
    void malformed(String text) {
        assertEquals(null, HostText.name(text));
    }
}
