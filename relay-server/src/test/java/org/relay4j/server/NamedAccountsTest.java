package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;

class NamedAccountsTest {
    private final NamedAccounts accounts = new NamedAccounts(2);

    @Test
    void newNameDisplacesTheOneThatHasBeenAbsentForTheLongestTime() {
        accounts.opened("a");
        accounts.opened("b");
        accounts.ended("a", 3, true);
        accounts.ended("b", 4, true);
        accounts.opened("a"); // b is the oldest now
        accounts.ended("a", 1, true);
        accounts.opened("c");
        assertEquals(Set.of("a", "c"), accounts.copy().keySet());
        assertEquals(4, accounts.copy().get("a").visitors);
    }

    @Test
    void namesWithTunnelsStay() {
        accounts.opened("a");
        accounts.opened("b");
        accounts.opened("c");
        accounts.ended("c", 5, false); // has no account
        assertEquals(Set.of("a", "b"), accounts.copy().keySet());
        assertNull(accounts.get("c"));
        assertNull(accounts.get(null));
    }

    @Test
    void tunnelFromBeforeTheAccountDoesNotEndItsTunnels() {
        accounts.opened("a");
        accounts.opened("b");
        assertFalse(accounts.opened("x"), "there is no room");
        accounts.ended("a", 0, true);
        assertTrue(accounts.opened("x"));
        accounts.ended("x", 2, false); // the first one
        accounts.opened("c");
        assertEquals(Set.of("b", "x"), accounts.copy().keySet(), "both have tunnels");
        assertEquals(2, accounts.copy().get("x").visitors);
    }

    @Test
    void numberOfNamesIsBounded() {
        NamedAccounts many = new NamedAccounts();
        for (int n = 0; n < 2 * NamedAccounts.MOST; n++) {
            many.opened("name" + n);
            many.ended("name" + n, 1, true);
        }
        assertEquals(NamedAccounts.MOST, many.copy().size());
    }

    @Test
    void copyIsNotChangedLater() {
        accounts.opened("a");
        Account copy = accounts.copy().get("a");
        accounts.ended("a", 7, true);
        assertNotSame(copy, accounts.get("a"));
        assertEquals(0, copy.visitors);
        assertEquals(1, copy.open);
    }
}
