package org.relay4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** All cases in the order of execution. */
final class Suite {
    private static final List<Case> ALL = collect();

    private Suite() {}

    private static List<Case> collect() {
        List<Case> cases = new ArrayList<>();
        cases.addAll(FramingCases.all());
        cases.addAll(OpeningCases.all());
        cases.addAll(StateCases.all());
        cases.addAll(ClosingCases.all());
        cases.addAll(WindowCases.all());
        cases.addAll(PingCases.all());
        cases.addAll(SessionCases.all());
        cases.addAll(FaultCases.all());
        cases.addAll(EmitCases.all());
        return List.copyOf(cases);
    }

    static List<Case> all() {
        return ALL;
    }

    /** Returns the cases whose id matches {@code glob}; {@code *} matches any characters and {@code ?} matches one. */
    static List<Case> matching(String glob) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                default -> regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        Pattern pattern = Pattern.compile(regex.toString());
        return ALL.stream().filter(one -> pattern.matcher(one.id()).matches()).toList();
    }
}
