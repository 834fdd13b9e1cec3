package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.relay4j.api.json.JsonReader;

/** The dashboard and the alert rules name metrics that exist. */
class ExpressionsTest {
    private static final Pattern ALERT = Pattern.compile("- alert: (\\w+)");
    private static final Pattern FIRING =
            Pattern.compile("alertname: (\\w+)\\s+exp_alerts:\\s+- exp_labels"); // in a test of the rules
    private static final Pattern SILENT = Pattern.compile("alertname: (\\w+)\\s+exp_alerts: \\[]");

    /** Those for which a panel would show next to nothing. */
    private static final Set<String> WITHOUT_PANEL = Set.of(
            "relay_server_events_dropped_total",
            "relay_client_events_dropped_total",
            "jvm_memory_max_bytes",
            "jvm_gc_collection_seconds_count");

    @Test
    void dashboardIsJson() throws IOException {
        Object dashboard = JsonReader.read(Files.readString(Expressions.DASHBOARD));
        assertEquals("Relay", ((Map<?, ?>) dashboard).get("title"));
    }

    @Test
    void dashboardShowsEachMetricAndNoOther() throws IOException {
        Set<String> expected = new TreeSet<>(Expressions.documented());
        expected.removeAll(WITHOUT_PANEL);
        assertEquals(expected, Expressions.metrics(Expressions.ofDashboard()));
    }

    @Test
    void rulesNameMetricsThatExist() throws IOException {
        List<String> rules = Expressions.ofRules();
        Set<String> unknown = Expressions.metrics(rules);
        unknown.removeAll(Expressions.documented());
        assertEquals(Set.of(), unknown);
        assertEquals(names(ALERT, Files.readString(Expressions.RULES)).size(), rules.size());
    }

    @Test
    void eachAlertIsTestedFiringAndSilent() throws IOException {
        Set<String> alerts = names(ALERT, Files.readString(Expressions.RULES));
        String tests = Files.readString(Expressions.RULES_TEST);
        assertTrue(alerts.size() > 10, alerts::toString);
        assertEquals(alerts, names(FIRING, tests));
        assertEquals(alerts, names(SILENT, tests));
    }

    @Test
    void metricsAreFoundInExpressions() {
        assertEquals(
                Set.of("relay_a_total", "jvm_b_bytes"),
                Expressions.metrics(List.of("sum by (x) (rate(relay_a_total{job=\"relay\"}[1m])) / jvm_b_bytes > 0")));
    }

    private static Set<String> names(Pattern pattern, String text) {
        Set<String> names = new HashSet<>();
        for (Matcher matcher = pattern.matcher(text); matcher.find(); ) names.add(matcher.group(1));
        return names;
    }
}
