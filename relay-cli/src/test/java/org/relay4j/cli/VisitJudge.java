package org.relay4j.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Judges a run by the log of its visitors, afterwards. */
final class VisitJudge {
    /** A visitor that nobody reads is reset after 30 s; this leaves 5 s for a machine under load. Unit: ms. */
    static final int LONGEST_WAIT = 35_000;

    private final List<Visit> log;
    private final Map<Integer, String> names; // of the services, by port

    VisitJudge(List<Visit> log, Map<Integer, String> names) {
        this.log = log;
        this.names = names;
    }

    /** Returns a judge of some of the visitors. */
    VisitJudge only(Predicate<Visit> which) {
        return new VisitJudge(log.stream().filter(which).toList(), names);
    }

    int count() {
        return log.size();
    }

    /** Returns the visitors that were answered by another service than that of their port. */
    List<Visit> foreign() {
        return log.stream()
                .filter(visit -> !visit.answer().isEmpty() && !visit.answer().equals(names.get(visit.port())))
                .toList();
    }

    /** Returns the visitors that were neither served nor reset in time. */
    List<Visit> forgotten() {
        return log.stream().filter(visit -> visit.waited() > LONGEST_WAIT).toList();
    }

    /** Returns the visitors that were not served. */
    List<Visit> failures() {
        return log.stream().filter(visit -> !visit.isServed()).toList();
    }

    /**
     * Returns the time from {@code since} until the first visitor that came after it was served: that of the endpoint and the node for
     * which it took longest. Infinity if one of them served no visitor, 0 if none came.
     */
    double gap(long since) {
        record Way(int node, int port) {}
        Map<Way, Double> gaps = new HashMap<>();
        for (Visit visit : log) {
            if (visit.begun() < since) continue;
            double served = visit.isServed() ? (visit.ended() - since) / 1e6 - visit.stay() : Double.POSITIVE_INFINITY;
            gaps.merge(new Way(visit.node(), visit.port()), served, Math::min);
        }
        return gaps.values().stream().mapToDouble(each -> each).max().orElse(0);
    }

    /** Returns how long the visitor waited that waited longest, in ms. */
    double longestWait() {
        return log.stream().mapToDouble(Visit::waited).max().orElse(0);
    }

    /** Returns what is wrong in any run: a list for people, empty if all is right. */
    List<String> violations() {
        List<String> all = new ArrayList<>();
        if (log.isEmpty()) all.add("no visitor came");
        foreign().forEach(each -> all.add("foreign answer: " + each));
        forgotten().forEach(each -> all.add("neither served nor reset in time: " + each));
        return all;
    }
}
