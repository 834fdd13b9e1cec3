package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void fieldsThatAreLeftOutHaveTheirDefaults() {
        Json empty = Json.read(" { } ");
        assertEquals(0, empty.number("n"));
        assertEquals("", empty.text("t"));
        assertFalse(empty.flag("f"));
        assertEquals(List.of(), empty.objects("o"));
        assertEquals(0, empty.object("o").object("p").number("n"));
        assertFalse(empty.has("n"));
    }

    @Test
    void fieldsAreReadAsTheGatewayWritesThem() {
        Json json = Json.read(
                "{\"a\":\"9223372036854775807\",\"b\":-5,\"c\":\"\\u00e4\\n\\\"\\\\\\/\",\"d\":true,\"e\":null,"
                        + "\"id\":\"14763897295316517456\",\"g\":[{\"h\":\"-3\"},{}],\"i\":{\"j\":1}}");
        assertEquals(Long.MAX_VALUE, json.number("a"));
        assertEquals(-5, json.number("b"));
        assertEquals("ä\n\"\\/", json.text("c"));
        assertTrue(json.flag("d"));
        assertFalse(json.has("e"));
        assertEquals(Long.parseUnsignedLong("14763897295316517456"), json.number("id"));
        assertEquals(-3, json.objects("g").get(0).number("h"));
        assertEquals(1, json.object("i").number("j"));
    }

    @Test
    void fieldsOfAnotherTypeAreRefused() {
        Json json = Json.read("{\"n\":1,\"t\":\"x\",\"l\":[1],\"o\":{},\"f\":1.5}");
        assertThrows(IllegalArgumentException.class, () -> json.text("n"));
        assertThrows(IllegalArgumentException.class, () -> json.number("t"));
        assertThrows(IllegalArgumentException.class, () -> json.number("f"));
        assertThrows(IllegalArgumentException.class, () -> json.number("o"));
        assertThrows(IllegalArgumentException.class, () -> json.flag("n"));
        assertThrows(IllegalArgumentException.class, () -> json.object("l"));
        assertThrows(IllegalArgumentException.class, () -> json.objects("l"));
        assertThrows(IllegalArgumentException.class, () -> json.objects("o"));
    }

    @Test
    void whatIsNotAnObjectIsRefused() {
        List<String> wrong = List.of(
                "",
                "[]",
                "1",
                "null",
                "{",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{\"a\":1}x",
                "{a:1}",
                "{\"a\":01}",
                "{\"a\":\"\n\"}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12\"}",
                "{\"a\":tru}",
                "{\"a\":[1,]}",
                "{\"a\":\"",
                "{\"a\":-}");
        for (String text : wrong) assertThrows(IllegalArgumentException.class, () -> Json.read(text), text);
    }

    @Test
    void depthIsBounded() {
        assertTrue(Json.read("{\"a\":".repeat(15) + "{}" + "}".repeat(15)).has("a"));
        assertThrows(IllegalArgumentException.class, () -> Json.read("{\"a\":".repeat(16) + "{}" + "}".repeat(16)));
        assertThrows(IllegalArgumentException.class, () -> Json.read("{\"a\":" + "[".repeat(100_000)));
    }

    @Test
    void stringsAreWrittenInAscii() {
        StringBuilder text = new StringBuilder("{\"a\":");
        Json.quote(text, "ä\"\\\n\u007f😀");
        assertTrue(text.chars().allMatch(c -> c >= ' ' && c <= '~'), text::toString);
        assertEquals("ä\"\\\n\u007f😀", Json.read(text + "}").text("a"));
    }
}
