package org.relay4j.api.control;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortLineTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 80, 4532, 10_000, 65_535})
    void portIsWrittenAsTheProtocolSays(int port) {
        assertArrayEquals((port + "\n").getBytes(US_ASCII), PortLine.encode(port));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 9, 10, 4532, 65_535})
    void readsWhatItWrites(int port) {
        byte[] line = PortLine.encode(port);
        PortLine read = PortLine.parse(line, line.length - 1);
        assertEquals(port, read.port());
        assertNull(read.code());
        assertEquals("", read.detail());
    }

    @ParameterizedTest
    @CsvSource({"00001, 1", "00080, 80", "04532, 4532"})
    void acceptsLeadingZerosWithinFiveDigits(String line, int port) {
        assertEquals(port, parse(line).port());
    }

    @Test
    void acceptsOneCarriageReturnAtTheEnd() {
        assertEquals(4532, parse("4532\r").port());
        assertEquals("no-port-free", parse("ERR no-port-free\r").code());
        assertRefused("4532\r\r");
        assertRefused("45\r32");
        assertRefused("\r");
    }

    @Test
    void onlyTheGivenLengthIsRead() {
        byte[] buffer = "4532garbage of an earlier line".getBytes(US_ASCII);
        assertEquals(4532, PortLine.parse(buffer, 4).port());
        assertEquals(45, PortLine.parse(buffer, 2).port());
        assertThrows(IllegalArgumentException.class, () -> PortLine.parse(buffer, 0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "00000",
                "65536",
                "99999",
                "123456",
                "000080",
                "+80",
                "-1",
                "-80",
                " 80",
                "80 ",
                "8 0",
                "\t80",
                "80\0",
                "\u0000",
                "80.0",
                "0x50",
                "1e3",
                "eighty",
                "4532;",
                "\u0661\u0662", // digits, but Arabic ones
                "\uFF18\uFF10", // full-width digits
                "HTTP/1.1 400 Bad Request",
                "SSH-2.0-OpenSSH_9.6",
                "err no-port-free",
                "ERR",
                "ERR ",
                "ERR  no-port-free two spaces",
                "ERROR no-port-free",
                "ERR No-Port-Free capitals",
                "ERR -leading-dash",
                "ERR 9lives",
                "ERR no_port_free",
                "ERR no-port-free\ttab instead of a space"
            })
    void refusesEverythingElse(String line) {
        assertRefused(line);
    }

    @Test
    void refusesBytesThatAreNoText() {
        byte[] line = {'8', '0', (byte) 0xFF};
        assertThrows(IllegalArgumentException.class, () -> PortLine.parse(line, 3));
        byte[] tls = {0x15, 3, 3, 0, 2, 2, 40};
        assertThrows(IllegalArgumentException.class, () -> PortLine.parse(tls, tls.length));
    }

    @Test
    void refusalQuotesTheLineWithoutWhatCouldHarmATerminal() {
        String message = assertRefused("\u001B[2J\u0007hello \u202Eworld");
        assertEquals("\"?[2J?hello ?world\"", message);
    }

    @Test
    void errorLineCarriesCodeAndDetail() {
        assertArrayEquals(
                "ERR limit-reached your address has its 3 tunnels\n".getBytes(US_ASCII),
                PortLine.encodeError("limit-reached", "your address has its 3 tunnels"));
        PortLine line = parse("ERR limit-reached your address has its 3 tunnels");
        assertEquals(0, line.port());
        assertEquals("limit-reached", line.code());
        assertEquals("your address has its 3 tunnels", line.detail());
    }

    @Test
    void errorLineNeedsNoDetail() {
        assertEquals(new PortLine(0, "draining", ""), parse("ERR draining"));
        assertEquals(new PortLine(0, "draining", ""), parse("ERR draining "));
        assertEquals(new PortLine(0, "x", " two spaces"), parse("ERR x  two spaces"));
    }

    @Test
    void detailOfAStrangerIsMadeVisible() {
        assertEquals(
                "gr\u00FC\u00DFe ?[31m?",
                parse("ERR internal gr\u00FC\u00DFe \u001B[31m\u0007").detail());
    }

    @Test
    void errorLineIsOneLineWhateverTheDetail() {
        String line = new String(PortLine.encodeError("internal", "one\ntwo\r\nthree\u0000four"), UTF_8);
        assertEquals("ERR internal one two three four\n", line);
    }

    @Test
    void longErrorLineIsCutToWhatAClientReads() {
        byte[] line = PortLine.encodeError("internal", "x".repeat(1_000));
        assertEquals(PortLine.LONGEST + 1, line.length);
        assertEquals('\n', line[PortLine.LONGEST]);
        assertEquals("internal", PortLine.parse(line, PortLine.LONGEST).code());
    }

    @Test
    void errorLineThatJustFitsIsNotCut() {
        String detail = "x".repeat(PortLine.LONGEST - "ERR internal ".length());
        byte[] line = PortLine.encodeError("internal", detail);
        assertEquals(PortLine.LONGEST + 1, line.length);
        assertEquals(detail, PortLine.parse(line, PortLine.LONGEST).detail());
    }

    /** Characters of 2, 3 and 4 bytes, at every offset to the place of the cut. */
    @ParameterizedTest
    @ValueSource(strings = {"\u00E9", "\u20AC", "\uD83D\uDE80"})
    void cutIsBetweenCharacters(String character) {
        for (int offset = 0; offset < 4; offset++) {
            byte[] line = PortLine.encodeError("internal", "x".repeat(offset) + character.repeat(300));
            assertTrue(line.length <= PortLine.LONGEST + 1, "length " + line.length);
            assertTrue(line.length > PortLine.LONGEST - 3, "length " + line.length);
            String text = new String(line, UTF_8);
            assertFalse(text.contains("\uFFFD"), text);
            assertArrayEquals(line, text.getBytes(UTF_8));
            assertEquals(
                    1,
                    Arrays.stream(text.split("\n", -1))
                            .filter(part -> !part.isEmpty())
                            .count());
        }
    }

    private static PortLine parse(String line) {
        byte[] bytes = line.getBytes(UTF_8);
        return PortLine.parse(bytes, bytes.length);
    }

    private static String assertRefused(String line) {
        return assertThrows(IllegalArgumentException.class, () -> parse(line)).getMessage();
    }
}
