package org.relay4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Runs commands in this JVM, and keeps what they write. */
final class CapturedCli {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    ExitCode run(Map<String, String> environment, String... args) {
        return new Cli(environment, print(out), print(err), new Shutdown()).run(args);
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    /** Returns all of the standard output so far. */
    String output() {
        return text(out);
    }

    /** Returns the standard error since {@link #forgetErrors}. */
    String errors() {
        return text(err);
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    void forgetErrors() {
        err.reset();
    }
}
