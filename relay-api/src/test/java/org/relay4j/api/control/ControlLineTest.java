package org.relay4j.api.control;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ControlLineTest {
    @Test
    void refusalHasATextBehindTwoWords() {
        ControlLine refused = ControlLine.of("REFUSED").with("tcp/5432").with("port-unavailable");
        ControlLine line = refused.text("a = b: the port, the \u00fcber port\n");
        assertEquals("REFUSED tcp/5432 port-unavailable a = b: the port, the ?ber port?", line.toString());
        byte[] sent = line.encode();
        ControlLine read = ControlLine.parse(sent, sent.length - 1);
        assertEquals("a = b: the port, the ?ber port?", read.text());
        assertEquals(
                List.of("tcp/5432", "port-unavailable"),
                List.copyOf(read.words().keySet()));
        byte[] bare = refused.encode();
        assertEquals("", ControlLine.parse(bare, bare.length - 1).text());
        assertEquals(ControlLine.LONGEST, refused.text("x".repeat(2_000)).encode().length);
        assertThrows(IllegalStateException.class, () -> ControlLine.of("OK").text("no"));
    }

    @Test
    void lineIsWrittenAsTheProtocolSays() {
        ControlLine line = ControlLine.of("RELAY/1")
                .with("port", 5432)
                .with("drain")
                .with("name", "alice")
                .with("empty", "");
        assertEquals("RELAY/1 port=5432 drain name=alice empty=", line.toString());
        assertArrayEquals((line + "\n").getBytes(US_ASCII), line.encode());
    }

    @Test
    void wordsAreReadWithTheirValues() {
        ControlLine line = parse("OK port=20417 drain lease=a=b empty= future=1 more");
        assertEquals("OK", line.keyword());
        assertEquals(
                List.of("port", "drain", "lease", "empty", "future", "more"),
                List.copyOf(line.words().keySet()));
        assertEquals("20417", line.value("port"));
        assertEquals("a=b", line.value("lease"));
        assertEquals("", line.value("empty"));
        assertTrue(line.has("drain"));
        assertNull(line.value("drain"));
        assertFalse(line.has("node"));
        assertNull(line.value("node"));
        assertThrows(UnsupportedOperationException.class, () -> line.words().put("port", "1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"HELLO", "HELLO 00ff auth", "RELAY/1 a=1 b c=", "OK x==", "OK ~!=()"})
    void lineThatWasReadIsTheSameText(String text) {
        assertEquals(text, parse(text).toString());
        assertArrayEquals((text + "\n").getBytes(US_ASCII), parse(text).encode());
    }

    @Test
    void onlyTheLineIsReadFromTheBuffer() {
        byte[] buffer = "OK a=1\nrest".getBytes(US_ASCII);
        assertEquals("OK a=1", ControlLine.parse(buffer, 6).toString());
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("", "words are separated by one space"),
                Arguments.of(" OK", "words are separated by one space"),
                Arguments.of("OK ", "words are separated by one space"),
                Arguments.of("OK  a", "words are separated by one space"),
                Arguments.of("OK =1", "a value has no word before it"),
                Arguments.of("OK a a", "the word 'a' is repeated"),
                Arguments.of("OK a=1 b a=2", "the word 'a' is repeated"),
                Arguments.of("OK a a=", "the word 'a' is repeated"),
                Arguments.of("OK\ta", "byte 2 of the line is not a visible ASCII character"),
                Arguments.of("OK a\r", "byte 4 of the line is not a visible ASCII character"),
                Arguments.of("OK \u0000", "byte 3 of the line is not a visible ASCII character"),
                Arguments.of("OK \u007f", "byte 3 of the line is not a visible ASCII character"),
                Arguments.of("OK \u00fc", "byte 3 of the line is not a visible ASCII character"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void malformedLinesAreRefused(String text, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> parse(text)).getMessage());
    }

    @Test
    void lengthIsBounded() {
        String longest = "OK " + "x".repeat(ControlLine.LONGEST - 4);
        assertEquals(ControlLine.LONGEST, parse(longest).encode().length);
        assertEquals(
                "the line is longer than 1024 bytes",
                assertThrows(IllegalArgumentException.class, () -> parse(longest + "x"))
                        .getMessage());
        ControlLine tooLong = ControlLine.of("OK").with("x".repeat(ControlLine.LONGEST));
        assertThrows(IllegalStateException.class, tooLong::encode);
    }

    /** A value must never be able to add a word, or to end the line. */
    @ParameterizedTest
    @ValueSource(strings = {"a b", "a\nERR", "a\r", "\u0000", "\u007f", "\u00fc", " "})
    void nothingThatChangesTheLineIsWritten(String text) {
        ControlLine line = ControlLine.of("OK");
        assertThrows(IllegalArgumentException.class, () -> ControlLine.of(text));
        assertThrows(IllegalArgumentException.class, () -> line.with(text));
        assertThrows(IllegalArgumentException.class, () -> line.with(text, 1));
        String message = assertThrows(IllegalArgumentException.class, () -> line.with("lease", text))
                .getMessage();
        assertEquals("the value of 'lease' of a control line must be visible ASCII without spaces", message);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "7, 7",
        "999999999, 999999999",
        "1000000000, -1",
        "07, -1",
        "-1, -1",
        "+1, -1",
        "1a, -1",
        "'', -1"
    })
    void numbersAreDecimalAndShort(String value, int number) {
        assertEquals(number, ControlLine.parseNumber(value));
        assertEquals(number, parse("OK port=" + value).number("port"));
        assertEquals(-1, parse("OK port").number("port"));
        assertEquals(-1, parse("OK").number("port"));
    }

    @Test
    void wordsAreWrittenOnce() {
        ControlLine line = ControlLine.of("OK").with("a");
        assertThrows(IllegalArgumentException.class, () -> line.with("a", 1));
        assertThrows(IllegalArgumentException.class, () -> line.with("b=1"));
        assertThrows(IllegalArgumentException.class, () -> line.with(""));
        assertThrows(IllegalArgumentException.class, () -> ControlLine.of(""));
        assertEquals("OK a", line.toString());
    }

    private static ControlLine parse(String text) {
        byte[] line = text.getBytes(ISO_8859_1);
        return ControlLine.parse(line, line.length);
    }
}
