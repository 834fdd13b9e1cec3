package org.relay4j.conformance;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A report for programs: one JSON object, which is complete only at the end of the run. The README describes its
 * members.
 */
final class JsonReport implements Report {
    private final PrintStream out;
    private final String version;
    private boolean first = true;

    JsonReport(PrintStream out, String version) {
        this.out = out;
        this.version = version;
    }

    @Override
    public void begin(String endpoint, Role role) {
        out.print("{" + Json.member("kit", version) + "," + Json.member("endpoint", endpoint) + ","
                + Json.member("role", role.toString()) + ",\"cases\":[");
    }

    @Override
    public void result(Result result) {
        Case examined = result.of();
        List<String> members = new ArrayList<>();
        members.add(Json.member("id", examined.id()));
        members.add(Json.member("title", examined.title()));
        members.add(Json.member("level", examined.level().toString()));
        members.add(Json.member("rule", examined.rule().text()));
        members.add(Json.member("source", examined.rule().source()));
        members.add(Json.member("verdict", name(result.verdict())));
        members.add(Json.member("seen", result.seen()));
        members.add("\"frames\":["
                + String.join(
                        ",",
                        result.trace().lines().stream().map(JsonReport::line).toList()) + "]");
        members.add(Json.member("framesOmitted", result.trace().omitted()));
        out.print((first ? "\n{" : ",\n{") + String.join(",", members) + "}");
        first = false;
    }

    private static String line(Trace.Line line) {
        List<String> members = new ArrayList<>();
        members.add(Json.member("from", line.fromKit() ? "kit" : "endpoint"));
        Frame frame = line.frame();
        if (frame != null) {
            members.add(Json.member("version", frame.version()));
            members.add(Json.member("type", frame.typeName()));
            members.add("\"flags\":" + Json.strings(frame.flagNames()));
            members.add(Json.member("id", Integer.toUnsignedLong(frame.id())));
            members.add(Json.member("length", frame.length()));
            if (frame.bodyLength() > 0) members.add(Json.member("body", frame.bodyStart()));
        }
        if (!line.note().isEmpty()) members.add(Json.member("note", line.note()));
        return "{" + String.join(",", members) + "}";
    }

    @Override
    public void end(Totals totals) {
        List<String> members = new ArrayList<>();
        for (Verdict verdict : Verdict.values()) members.add(Json.member(name(verdict), totals.of(verdict)));
        out.println("\n],\"totals\":{" + String.join(",", members) + "}}");
        out.flush();
    }

    private static String name(Verdict verdict) {
        return switch (verdict) {
            case PASS -> "pass";
            case TOLERATED -> "tolerated";
            case FAIL -> "fail";
            case NOT_APPLICABLE -> "not-applicable";
        };
    }
}
