package org.relay4j.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;

/**
 * The answer of an admin address, as text for people. Fields that are missing, or not of the expected type, are shown as
 * {@code -}. No text of the answer can control the terminal.
 */
final class StatusTable {
    private static final String NONE = "-";
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

    /** Titles of columns; those of numbers end with {@code >}. */
    private static final List<String> SERVER = List.of(
            "TUNNEL>", "NAME", "STATE", "ENDPOINT", "CLIENT", "CONNECTIONS>", "VISITORS>", "IN>", "OUT>", "UP>");

    private static final List<String> FORWARDER =
            List.of("PUBLIC ADDRESS", "STATE", "VISITORS>", "IN>", "OUT>", "RECONNECTS>", "ROUND TRIP>");

    private final Map<?, ?> status;
    private final StringBuilder text = new StringBuilder();

    StatusTable(Map<?, ?> status) {
        this.status = status;
        boolean server = "server".equals(status.get("role"));
        head(server);
        if (server) totals();
        List<List<String>> rows = new ArrayList<>();
        for (Object each : list(status, "tunnels")) {
            if (each instanceof Map<?, ?> tunnel) rows.add(server ? ofServer(tunnel) : ofForwarder(tunnel));
        }
        line("");
        if (rows.isEmpty()) line("no tunnels");
        else table(server ? SERVER : FORWARDER, rows);
        if (Boolean.TRUE.equals(status.get("truncated"))) line("only the first " + rows.size() + " tunnels are shown");
    }

    /** Returns whether an answer is that of a relay. */
    static boolean isStatus(Map<?, ?> answer) {
        Object role = answer.get("role");
        return ("server".equals(role) || "forwarder".equals(role)) && answer.get("tunnels") instanceof List<?>;
    }

    private void head(boolean server) {
        String where = server
                ? "relay server " + word(status, "address")
                : "relay forwarder to " + word(status, "server") + ", local service " + word(status, "local");
        line(where + ", " + word(status, "state") + ", up " + age(status) + ", version " + word(status, "version"));
    }

    private void totals() {
        Map<?, ?> totals = map(status, "totals");
        Map<?, ?> limits = map(status, "limits");
        line("tunnels   " + count(totals, "openTunnels") + " of " + count(limits, "tunnels") + " ("
                + count(totals, "heldTunnels") + " held), " + count(totals, "tunnels") + " since the start");
        line("visitors  " + count(totals, "openVisitors") + " of " + count(limits, "visitors") + ", "
                + count(totals, "visitors") + " since the start");
        line("bytes     " + bytes(totals, "bytesIn") + " in, " + bytes(totals, "bytesOut") + " out");
        String refused = refusals().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
        line("refused   " + (refused.isEmpty() ? "none" : refused));
    }

    /** Returns the reasons and their counts, the most frequent first. */
    private List<Map.Entry<String, Long>> refusals() {
        List<Map.Entry<String, Long>> counts = new ArrayList<>();
        map(status, "refusals").forEach((reason, value) -> {
            if (value instanceof Long count && count > 0) {
                counts.add(Map.entry(Printable.of(String.valueOf(reason)), count));
            }
        });
        counts.sort(Map.Entry.comparingByValue(Comparator.reverseOrder()));
        return counts;
    }

    private List<String> ofServer(Map<?, ?> tunnel) {
        return List.of(
                count(tunnel, "number"),
                word(tunnel, "name"),
                word(tunnel, "state"),
                endpoints(tunnel),
                word(tunnel, "client"),
                count(tunnel, "connections"),
                count(tunnel, "openVisitors"),
                bytes(tunnel, "bytesIn"),
                bytes(tunnel, "bytesOut"),
                age(tunnel));
    }

    private List<String> ofForwarder(Map<?, ?> tunnel) {
        Object seconds = tunnel.get("roundTripSeconds");
        String roundTrip = seconds instanceof Number number
                ? String.format(Locale.ROOT, "%.1f ms", number.doubleValue() * 1_000)
                : NONE;
        return List.of(
                endpoints(tunnel),
                word(tunnel, "state"),
                count(tunnel, "openVisitors"),
                bytes(tunnel, "bytesIn"),
                bytes(tunnel, "bytesOut"),
                count(tunnel, "reconnects"),
                roundTrip);
    }

    private static String endpoints(Map<?, ?> tunnel) {
        String all = list(tunnel, "endpoints").stream()
                .filter(Map.class::isInstance)
                .map(each -> endpoint((Map<?, ?>) each))
                .collect(Collectors.joining(","));
        return all.isEmpty() ? NONE : all;
    }

    private static String endpoint(Map<?, ?> endpoint) {
        if (endpoint.containsKey("endpoint")) return word(endpoint, "endpoint");
        if (!endpoint.containsKey("host")) return word(endpoint, "kind") + "/" + count(endpoint, "port");
        String host = word(endpoint, "host");
        if (!endpoint.containsKey("port")) return host;
        return Sockets.bracketed(host) + ":" + count(endpoint, "port");
    }

    private void table(List<String> titles, List<List<String>> rows) {
        for (String line : lines(titles, rows)) line(line);
    }

    /**
     * Returns the lines of a table.
     *
     * @param titles those of numbers end with {@code >}
     */
    static List<String> lines(List<String> titles, List<List<String>> rows) {
        List<String> lines = new ArrayList<>();
        int[] widths = new int[titles.size()];
        List<List<String>> all = new ArrayList<>();
        all.add(titles.stream().map(title -> title.replace(">", "")).toList());
        all.addAll(rows);
        for (List<String> row : all) {
            for (int i = 0; i < widths.length; i++)
                widths[i] = Math.max(widths[i], row.get(i).length());
        }
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String padding = " ".repeat(widths[i] - row.get(i).length());
                line.append(titles.get(i).endsWith(">") ? padding + row.get(i) : row.get(i) + padding)
                        .append("  ");
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    private void line(String line) {
        text.append(line).append(System.lineSeparator());
    }

    // ---- fields

    static Map<?, ?> map(Map<?, ?> of, String name) {
        return of.get(name) instanceof Map<?, ?> value ? value : Map.of();
    }

    static List<?> list(Map<?, ?> of, String name) {
        return of.get(name) instanceof List<?> value ? value : List.of();
    }

    static String word(Map<?, ?> of, String name) {
        return of.get(name) instanceof String value && !value.isEmpty() ? Printable.of(value) : NONE;
    }

    static String count(Map<?, ?> of, String name) {
        return of.get(name) instanceof Long value ? value.toString() : NONE;
    }

    private static String bytes(Map<?, ?> of, String name) {
        if (!(of.get(name) instanceof Long value)) return NONE;
        double amount = value;
        int unit = 0;
        for (; amount >= 1_024 && unit < UNITS.length - 1; unit++) amount /= 1_024;
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", amount, UNITS[unit]);
    }

    /** The time between a tunnel's or process's beginning and the answer. */
    private String age(Map<?, ?> of) {
        Instant since = time(of, "since");
        Instant now = time(status, "time");
        if (since == null || now == null) return NONE;
        Duration age = Duration.between(since, now);
        if (age.isNegative()) return NONE;
        if (age.toMinutes() < 1) return age.toSeconds() + " s";
        if (age.toHours() < 1) return age.toMinutes() + " min";
        if (age.toDays() < 1) return age.toHours() + " h " + age.toMinutesPart() + " min";
        return age.toDays() + " d " + age.toHoursPart() + " h";
    }

    private static @Nullable Instant time(Map<?, ?> of, String name) {
        try {
            return of.get(name) instanceof String value ? Instant.parse(value) : null;
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** Returns lines. */
    @Override
    public String toString() {
        return text.toString();
    }
}
