package org.relay4j.registry.testing;

import static org.junit.jupiter.api.Assertions.fail;
import static org.relay4j.registry.testing.Requested.get;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryStore;

/** What both contracts need: stores that are closed after each test, keys of their own, and waiting with a limit. */
abstract class RegistryContract {
    static final Duration TTL = RegistryStore.SHORTEST_LEASE;

    private static final Duration DEADLINE = Duration.ofSeconds(20); // no healthy run comes near it
    private static final long POLL = TimeUnit.MILLISECONDS.toNanos(5);

    private final List<RegistryStore> opened = new ArrayList<>();

    /** Keys of this test begin so. */
    final String root = "/relay-test/" + UUID.randomUUID() + "/";

    /**
     * Opens another store of the same registry, as another node does. The test closes it. Other users of the registry may be at work
     * meanwhile, unless a test says otherwise.
     */
    protected abstract RegistryStore open() throws Exception;

    final RegistryStore store() throws Exception {
        RegistryStore store = open();
        opened.add(store);
        return store;
    }

    @AfterEach
    final void closeStores() {
        for (RegistryStore store : opened) store.close();
    }

    static List<String> keys(List<Entry> entries) {
        return entries.stream().map(Entry::key).toList();
    }

    boolean exists(RegistryStore store, String key) throws Exception {
        return get(store.read(List.of(key))).find(key) != null;
    }

    static void await(String description, Check check) throws Exception {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!check.holds()) {
            if (System.nanoTime() - deadline > 0) fail("never came true: " + description);
            LockSupport.parkNanos(POLL);
        }
    }

    interface Check {
        boolean holds() throws Exception;
    }
}
