package org.relay4j.cli;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.json.JsonLine;

/** What {@code relay check} has found: a line for each. */
final class Findings {
    private enum Result {
        OK,
        WARNING,
        PROBLEM
    }

    private final Output output;
    private int problems;
    private @Nullable ExitCode code; // of the first problem

    Findings(Output output) {
        this.output = output;
    }

    void ok(String subject, String text) {
        add(Result.OK, subject, text);
    }

    /** Something that works, but that an operator should know. */
    void warning(String subject, String text) {
        add(Result.WARNING, subject, text);
    }

    /** Something because of which the command would fail; the text has the remedy. */
    void problem(String subject, CommandFailure failure) {
        problems++;
        if (code == null) code = failure.code();
        add(Result.PROBLEM, subject, String.valueOf(failure.getMessage()));
    }

    private void add(Result result, String subject, String text) {
        String name = result.name().toLowerCase(Locale.ROOT);
        output.option(
                String.format(Locale.ROOT, "%-8s %s: %s", name, subject, text),
                new JsonLine()
                        .with("event", "finding")
                        .with("result", name)
                        .with("subject", subject)
                        .with("text", text));
    }

    /** Ends the command with the exit code of the first problem, if there was one. */
    void end() {
        if (code != null) throw new CommandFailure(code, problems + (problems == 1 ? " problem" : " problems"), null);
    }
}
