package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SuiteTest {
    @Test
    void idsAreUniqueAndPlain() {
        Set<String> ids = new HashSet<>();
        for (Case one : Suite.all()) {
            assertTrue(ids.add(one.id()), one::id);
            assertTrue(one.id().matches("[a-z]+(-[a-z]+)*/[a-z0-9-]+"), one::id);
        }
    }

    @Test
    void patterns() {
        assertEquals(List.of("data/after-fin"), ids("data/after-fin"));
        assertEquals(Suite.all().size(), ids("*").size());
        assertEquals(11, ids("framing/header-cut-??").size());
        assertEquals(List.of(), ids("data"));
        assertEquals(List.of(), ids("data/.*"));
        assertEquals(
                List.of(
                        "ack/after-fin",
                        "window/after-fin",
                        "fin/after-fin",
                        "data/after-fin",
                        "rst/after-fin",
                        "syn/after-fin"),
                ids("*/after-fin"));
    }

    @Test
    void eachFrameInEachState() {
        for (String event : List.of("ack", "window", "data", "fin", "rst", "syn")) {
            for (String state : List.of("unaccepted", "open", "after-fin", "closed", "after-rst")) {
                // A SYN for an open stream is a fault like others, and is found with them.
                String id = event.equals("syn") && state.equals("open") ? "reject/second-syn" : event + "/" + state;
                assertEquals(List.of(id), ids(id));
            }
        }
    }

    private static List<String> ids(String glob) {
        return Suite.matching(glob).stream().map(Case::id).toList();
    }
}
