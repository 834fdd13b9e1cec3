package org.relay4j.conformance;

import java.io.PrintStream;

/** A report for people: one line for each case, optionally with its frames. */
final class TextReport implements Report {
    private final PrintStream out;
    private final boolean frames;

    TextReport(PrintStream out, boolean frames) {
        this.out = out;
        this.frames = frames;
    }

    @Override
    public void begin(String endpoint, Role role) {
        out.println("endpoint " + endpoint + ", which is the yamux " + role.other());
    }

    @Override
    public void result(Result result) {
        Case examined = result.of();
        out.printf("%-28s %-9s %s%n", examined.id(), result.verdict(), result.seen());
        if (result.verdict() == Verdict.FAIL || frames) {
            out.println("    " + examined.title());
            out.println("    " + examined.level() + ": " + examined.rule().text() + " ("
                    + examined.rule().source() + ")");
        }
        if (frames) {
            for (Trace.Line line : result.trace().lines()) out.println("    " + line);
            if (result.trace().omitted() > 0)
                out.println("    and " + result.trace().omitted() + " more lines");
        }
        out.flush();
    }

    @Override
    public void end(Totals totals) {
        out.println(totals.all() + " cases: " + totals.of(Verdict.PASS) + " pass, " + totals.of(Verdict.TOLERATED)
                + " tolerated, " + totals.of(Verdict.NOT_APPLICABLE) + " n/a, " + totals.of(Verdict.FAIL) + " FAIL");
        out.flush();
    }

    /** Prints the cases without results. */
    static void list(PrintStream out, Iterable<Case> cases) {
        for (Case one : cases) {
            out.printf("%-28s %-6s %s%n", one.id(), one.level(), one.title());
            out.println("    " + one.rule().text() + " (" + one.rule().source() + ")");
        }
        out.flush();
    }
}
