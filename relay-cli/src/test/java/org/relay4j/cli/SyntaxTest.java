package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
        for (ExitCode code : ExitCode.values()) {
            assertTrue(oneLine.contains(code.number() + " " + code.meaning()), code.meaning());
        }
    }

    @Test
    void helpNamesTheVariablesOfTheArguments() {
        assertTrue(help.contains(ServerAddress.HOST_VARIABLE), help);
        assertTrue(help.contains(ServerAddress.PORT_VARIABLE), help);
    }

    @Test
    void helpBeginsWithTheCommonCommands() {
        List<String> commands = commands(help.lines().takeWhile(line -> !line.equals("Commands:")));
        assertEquals(
                List.of(Mode.KEYGEN, Mode.SERVER, Mode.FORWARDER),
                commands.stream().map(command -> parse(command).mode()).toList());
    }

    @Test
    void helpHasExamplesThatWork() {
        List<String> examples = commands(help.lines()
                .dropWhile(line -> !line.equals("Examples:"))
                .skip(1)
                .takeWhile(line -> !line.isBlank()));
        assertEquals(6, examples.size(), help);
        for (String example : examples) parse(example);
    }

    @Test
    void helpFitsATerminal() {
        assertEquals(List.of(), help.lines().filter(line -> line.length() > 80).toList());
        for (String text : List.of(Syntax.COMMANDS, Syntax.FOOTER)) {
            for (String line : text.lines().toList())
                assertTrue(help.lines().anyMatch(line::equals), "is wrapped: " + line);
        }
    }

    private static List<String> commands(Stream<String> lines) {
        return lines.map(String::strip)
                .filter(line -> line.startsWith("relay "))
                .toList();
    }

    private static Arguments parse(String command) {
        List<String> words = List.of(command.substring("relay ".length()).split(" "));
        return Arguments.of(words, Map.of());
    }
}
