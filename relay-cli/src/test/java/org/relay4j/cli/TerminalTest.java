package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a terminal shows, and what it does not. */
class TerminalTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
    private long now = -5; // ns

    @Test
    void environmentDecidesAboutColours() {
        Map<String, String> usual = Map.of("TERM", "xterm-256color");
        assertEquals(new Terminal(true, true), Terminal.of(true, "Linux", usual));
        assertEquals(Terminal.NONE, Terminal.of(false, "Linux", usual));
        assertEquals(new Terminal(true, false), Terminal.of(true, "Linux", Map.of("TERM", "xterm", "NO_COLOR", "1")));
        assertEquals(new Terminal(true, true), Terminal.of(true, "Mac OS X", Map.of("TERM", "xterm", "NO_COLOR", "")));
        assertEquals(Terminal.NONE, Terminal.of(true, "Linux", Map.of("TERM", "dumb")));
        assertEquals(Terminal.NONE, Terminal.of(true, "Linux", Map.of()));
        assertEquals(Terminal.NONE, Terminal.of(true, "Windows 11", usual));
        assertEquals(new Terminal(true, true), Terminal.of(true, "Windows 11", Map.of("WT_SESSION", "1")));
    }

    @Test
    void progressIsOneLine() {
        Progress progress = new Progress(stream, true, () -> now);
        progress.begin("connecting to localhost:7000");
        now += TimeUnit.SECONDS.toNanos(7);
        progress.draw();
        progress.end();
        progress.end();
        progress.draw();
        assertEquals(
                Terminal.CLEAR + "connecting to localhost:7000 ..." + Terminal.CLEAR
                        + "connecting to localhost:7000 ... 7 s" + Terminal.CLEAR,
                err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aLineOfOutputEndsTheProgress() {
        Progress progress = new Progress(stream, true, () -> now);
        Output output = new Output(stream, stream, false, false, progress);
        progress.begin("connecting");
        output.listening("127.0.0.1", 7);
        progress.draw();
        assertEquals(
                Terminal.CLEAR + "connecting ..." + Terminal.CLEAR + "listening on 127.0.0.1:7"
                        + System.lineSeparator(),
                err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void elsewhereThereIsNoProgress() {
        Progress progress = new Progress(stream, false, () -> now);
        progress.begin("connecting");
        progress.draw();
        progress.end();
        assertEquals("", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void quietHasNoNotes() {
        new Output(stream, stream, false, true, new Progress(stream, false)).note("wrote a file");
        assertEquals("", err.toString(StandardCharsets.UTF_8));
        new Output(stream, stream, false, false, new Progress(stream, false)).note("wrote a file");
        assertEquals("wrote a file" + System.lineSeparator(), err.toString(StandardCharsets.UTF_8));
    }
}
