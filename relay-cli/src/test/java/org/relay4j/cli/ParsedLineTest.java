package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParsedLineTest {
    /** What a command line may consist of, besides options. */
    private static final List<String> WORDS =
            List.of("", "-", "--", "-1", "-h", "--help", "-V", "-x", "--nothing", "7000", "a=b", "=");

    private static final List<Flag> FLAGS = List.of(Flag.values());

    @Test
    void parsesLikeTheWholeGrammar() {
        Syntax syntax = new Syntax();
        int plain = 0;
        for (long seed = 0; seed < 1_500; seed++) {
            List<String> line = line(new Random(seed));
            ParsedLine parsed = ParsedLine.plain(line);
            if (parsed == null) continue;
            plain++;
            assertEquals(syntax.parse(line), parsed, "seed " + seed + ": " + line);
        }
        assertTrue(plain > 150, "only " + plain + " lines were plain");
    }

    private static List<String> line(Random random) {
        List<String> line = new ArrayList<>();
        for (int n = random.nextInt(5); n > 0; n--) {
            if (random.nextInt(4) == 0) {
                line.add(WORDS.get(random.nextInt(WORDS.size())));
                continue;
            }
            Flag flag = FLAGS.get(random.nextInt(FLAGS.size()));
            String name = flag.names().get(random.nextInt(flag.names().size()));
            switch (random.nextInt(4)) {
                case 0 -> line.add(name);
                case 1 -> line.addAll(List.of(name, "value"));
                default ->
                    line.add(name + "=" + (random.nextInt(8) == 0 ? WORDS.get(random.nextInt(WORDS.size())) : "v=1,2"));
            }
        }
        return line;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "7000",
                "--localForwardPort=6379 relay.example.com 7000",
                "--localForwardPort 6379 --json relay.example.com:7000",
                "--forward=web=8080,host=app.example.com --forward=6379 [::1]:7000",
                "status --admin=127.0.0.1:7001"
            })
    void usualCommandsArePlain(String line) {
        assertNotNull(ParsedLine.plain(List.of(line.split(" "))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-V", "--localForwardPort", "--json=true", "--prot=1 7000", "--bind= 7000", "-1"})
    void otherCommandsAreNot(String line) {
        assertNull(ParsedLine.plain(List.of(line.split(" "))));
    }
}
