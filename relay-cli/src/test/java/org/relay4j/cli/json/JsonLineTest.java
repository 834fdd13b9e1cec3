package org.relay4j.cli.json;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class JsonLineTest {
    @Test
    void valuesOfAllTypes() {
        JsonLine inner = new JsonLine().with("n", 1L);
        assertEquals(
                "{\"text\":\"a\",\"none\":null,\"long\":-7,\"flag\":true,\"number\":0.5,\"nan\":null,"
                        + "\"object\":{\"n\":1},\"empty\":{},\"array\":[{\"n\":1},{}],\"nothing\":[]}",
                new JsonLine()
                        .with("text", "a")
                        .with("none", (String) null)
                        .with("long", -7)
                        .with("flag", true)
                        .with("number", Double.valueOf(0.5))
                        .with("nan", Double.valueOf(Double.NaN))
                        .with("object", inner)
                        .with("empty", new JsonLine())
                        .with("array", List.of(inner, new JsonLine()))
                        .with("nothing", List.of())
                        .toString());
    }

    @Test
    void hostileTextIsEscaped() {
        assertEquals(
                "{\"a\\\"b\":\"\\\\ \\\" \\u000a\\u0000 \\u00e4 \\ud83d\\ude00 \\u2028 </script>\"}",
                new JsonLine()
                        .with("a\"b", "\\ \" \n\0 \u00e4 \ud83d\ude00 \u2028 </script>")
                        .toString());
    }
}
