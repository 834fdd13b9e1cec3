package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class SyntaxTest {
    private final String help = new Syntax().help();

    @Test
    void helpNamesEachOptionWithItsVariable() {
        String oneLine = help.replaceAll("\\s+", " ");
        for (Flag flag : Flag.values()) {
            for (String name : flag.names()) assertTrue(oneLine.contains(name), name);
            assertTrue(oneLine.contains("[" + flag.variable() + "]"), flag.variable());
            assertTrue(oneLine.contains(flag.description()), flag.description());
        }
        for (ExitCode code : ExitCode.values()) assertTrue(help.contains(code.number() + "  " + code.meaning()));
    }

    @Test
    void helpHasExamplesThatWork() {
        List<String> examples = help.lines()
                .dropWhile(line -> !line.equals("Examples:"))
                .skip(1)
                .takeWhile(line -> !line.isBlank())
                .map(line -> line.strip().replaceFirst("  .*", "").replaceFirst("^RELAY_JSON=true ", ""))
                .toList();
        assertEquals(4, examples.size(), help);
        for (String example : examples) {
            assertTrue(example.startsWith("relay "), example);
            List<String> words = List.of(example.substring("relay ".length()).split(" "));
            Arguments.of(new Syntax(), words, java.util.Map.of());
        }
    }

    @Test
    void helpFitsATerminal() {
        assertTrue(help.lines().allMatch(line -> line.length() <= 110), help);
    }
}
