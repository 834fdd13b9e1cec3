package org.relay4j.api.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonReaderTest {
    @Test
    void values() {
        assertEquals(
                Map.of("a", List.of(1L, -2L, 0.5, 1e20), "b", Map.of(), "c", List.of(), "d", true, "e", false, "", ""),
                JsonReader.read(
                        " {\"a\" : [1,-2, 0.5,1E20],\r\n\t\"b\":{ },\"c\":[ ],\"d\":true,\"e\":false,\"\":\"\"} "));
        assertEquals(Arrays.asList((Object) null), JsonReader.read("[null]"));
        assertEquals("\"\\/\b\f\n\r\té\u2028", JsonReader.read("\"\\\"\\\\\\/\\b\\f\\n\\r\\té\\u2028\""));
        assertEquals(1.8446744073709552E19, JsonReader.read("18446744073709551616"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[",
                "\"",
                "[1",
                "[1,",
                "[1,]",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{a:1}",
                "tru",
                "nul",
                "01",
                "1.",
                ".5",
                "+1",
                "--1",
                "1e",
                "NaN",
                "1 2",
                "[1]]",
                "\"\\x\"",
                "\"\\u12\"",
                "\"\\u12g4\"",
                "\"a\nb\"",
                "'a'",
                "<"
            })
    void otherTexts(String text) {
        assertThrows(IllegalArgumentException.class, () -> JsonReader.read(text));
    }

    @Test
    void depthIsBounded() {
        JsonReader.read("[".repeat(32) + "]".repeat(32));
        assertThrows(IllegalArgumentException.class, () -> JsonReader.read("[".repeat(33) + "]".repeat(33)));
        assertThrows(IllegalArgumentException.class, () -> JsonReader.read("[".repeat(1_000_000)));
    }
}
