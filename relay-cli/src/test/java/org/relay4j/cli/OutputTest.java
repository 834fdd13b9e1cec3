package org.relay4j.cli;

import static java.net.InetSocketAddress.createUnresolved;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutputTest {
    private static final InetSocketAddress PUBLIC = createUnresolved("relay.example.com", 4532);
    private static final InetSocketAddress LOCAL = createUnresolved("localhost", 6379);

    @Test
    void listening() {
        assertEquals("listening on 0.0.0.0:7000\n", text(out -> out.listening("0.0.0.0", 7000)));
        assertEquals("listening on [::1]:7000\n", text(out -> out.listening("::1", 7000)));
        assertEquals(
                "{\"event\":\"listening\",\"address\":\"0.0.0.0\",\"port\":7000}\n",
                json(out -> out.listening("0.0.0.0", 7000)));
    }

    @Test
    void relaying() {
        assertEquals(
                "relaying relay.example.com:4532 -> localhost:6379\n",
                text(out -> out.relaying(PUBLIC, LOCAL, "4f00", true)));
        assertEquals(
                "relaying [2001:db8::1]:4532 -> [::1]:6379\n",
                text(out -> out.relaying(
                        createUnresolved("2001:db8::1", 4532), createUnresolved("::1", 6379), null, false)));
        assertEquals(
                "{\"event\":\"relaying\",\"publicHost\":\"relay.example.com\",\"publicPort\":4532,"
                        + "\"localHost\":\"localhost\",\"localPort\":6379,\"endpoint\":\"tcp/4532\",\"reconnected\":false}\n",
                json(out -> out.relaying(PUBLIC, LOCAL, null, false)));
        String again = json(out -> out.relaying(PUBLIC, LOCAL, "4f00", true));
        assertTrue(again.endsWith(",\"endpoint\":\"tcp/4532\",\"tunnel\":\"4f00\",\"reconnected\":true}\n"), again);
    }

    @Test
    void endsAreEventsInJsonOnly() {
        assertEquals("", text(out -> out.lost(4532, "4f00", "connection reset", true)));
        assertEquals("", text(Output::closed));
        assertEquals(
                "{\"event\":\"lost\",\"cause\":\"connection reset\",\"willRetry\":true,\"endpoint\":\"tcp/4532\"}\n",
                json(out -> out.lost(4532, null, "connection reset", true)));
        assertEquals("{\"event\":\"closed\"}\n", json(Output::closed));
    }

    @Test
    void failedWriteIsAFailure() {
        PrintStream broken = new PrintStream(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        });
        for (boolean json : new boolean[] {false, true}) {
            Output output = new Output(broken, System.err, json);
            CommandFailure failure = assertThrows(CommandFailure.class, () -> output.listening("::", 7000));
            assertEquals(ExitCode.FAILURE, failure.code());
            assertTrue(failure.getMessage().startsWith("cannot write to standard output"), failure.getMessage());
        }
    }

    @Test
    void remarksAreForPeople() {
        assertEquals("hello\n", text(out -> out.remark("hello")));
        assertEquals("", json(out -> out.remark("hello")));
    }

    @Test
    void textInJsonIsEscaped() {
        assertEquals(
                "{\"event\":\"step\",\"number\":1,\"text\":\"a \\\"b\\\" \\\\ \\u000a c\"}\n",
                json(out -> out.step(1, "a \"b\" \\ \n c")));
        assertEquals("{\"event\":\"url\",\"url\":\"\\u00e9\"}\n", json(out -> out.url("\u00e9")));
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1",
        "::, ::",
        "::1, ::1",
        "2001:db8::1, 2001:db8::1",
        "fe80::, fe80::",
        "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8",
        "1:0:3:4:5:6:7:8, 1:0:3:4:5:6:7:8",
        "10:0:0:1::, 10::1:0:0:0:0",
        "2001:db8:100:0:0:1:0:0, 2001:db8:100::1:0:0"
    })
    void literals(String address, String literal) throws Exception {
        assertEquals(literal, Output.literal(InetAddress.getByName(address)));
    }

    private static String text(Consumer<Output> action) {
        return written(false, action);
    }

    private static String json(Consumer<Output> action) {
        return written(true, action);
    }

    private static String written(boolean json, Consumer<Output> action) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // No automatic flush, and the stream is not closed: what is there was flushed by the Output.
        PrintStream out = new PrintStream(new java.io.BufferedOutputStream(bytes), false, StandardCharsets.UTF_8);
        action.accept(new Output(out, System.err, json));
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }
}
