package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Set;
import org.junit.jupiter.api.Test;

class NamedAccountsTest {
    private final NamedAccounts accounts = new NamedAccounts(2);

    @Test
    void newNameDisplacesTheOneThatHasBeenAbsentForTheLongestTime() {
        accounts.opened("a");
        accounts.opened("b");
        accounts.ended("a", 3);
        accounts.ended("b", 4);
        accounts.opened("a"); // b is the oldest now
        accounts.ended("a", 1);
        accounts.opened("c");
        assertEquals(Set.of("a", "c"), accounts.copy().keySet());
        assertEquals(4, accounts.copy().get("a").visitors);
    }

    @Test
    void namesWithTunnelsStay() {
        accounts.opened("a");
        accounts.opened("b");
        accounts.opened("c");
        accounts.ended("c", 5); // has no account
        assertEquals(Set.of("a", "b"), accounts.copy().keySet());
        assertNull(accounts.get("c"));
        assertNull(accounts.get(null));
    }

    @Test
    void numberOfNamesIsBounded() {
        NamedAccounts many = new NamedAccounts();
        for (int n = 0; n < 2 * NamedAccounts.MOST; n++) {
            many.opened("name" + n);
            many.ended("name" + n, 1);
        }
        assertEquals(NamedAccounts.MOST, many.copy().size());
    }

    @Test
    void copyIsNotChangedLater() {
        accounts.opened("a");
        Account copy = accounts.copy().get("a");
        accounts.ended("a", 7);
        assertNotSame(copy, accounts.get("a"));
        assertEquals(0, copy.visitors);
        assertEquals(1, copy.open);
    }
}
