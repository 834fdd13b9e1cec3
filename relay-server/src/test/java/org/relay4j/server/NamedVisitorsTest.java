package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which visitors by name are waited for. */
class NamedVisitorsTest {
    private final NamedVisitors visitors = new NamedVisitors();
    private final List<String> called = new ArrayList<>();

    @Test
    void callsAtOnceWithoutVisitors() {
        visitors.afterPresent(() -> called.add("none"));
        assertEquals(List.of("none"), called);
        visitors.leave(visitors.enter());
        visitors.afterPresent(() -> called.add("none again"));
        assertEquals(List.of("none", "none again"), called);
    }

    @Test
    void waitsForThosePresentOnly() {
        long first = visitors.enter();
        long second = visitors.enter();
        visitors.afterPresent(() -> called.add("two"));
        long third = visitors.enter();
        visitors.afterPresent(() -> called.add("three"));
        assertEquals(3, visitors.newest());
        visitors.enter();
        visitors.leave(second);
        visitors.leave(second);
        assertEquals(List.of(), called);
        visitors.leave(first);
        assertEquals(List.of("two"), called);
        visitors.leave(third);
        assertEquals(List.of("two", "three"), called);
    }
}
