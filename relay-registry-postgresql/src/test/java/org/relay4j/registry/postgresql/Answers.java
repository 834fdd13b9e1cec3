package org.relay4j.registry.postgresql;

import static org.relay4j.registry.testing.Requested.get;

import java.util.List;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.testing.Await;

/** What a store answers. */
final class Answers {
    private Answers() {}

    static List<String> keys(RegistryStore store, String prefix) throws Exception {
        return get(store.readAll(prefix)).entries().stream().map(Entry::key).toList();
    }

    /** Waits until the store answers again. */
    static void awaitAnswer(RegistryStore store) {
        Await.until("the store answers", () -> {
            try {
                return get(store.readAll("none")) != null;
            } catch (RegistryException e) {
                return false;
            }
        });
    }
}
