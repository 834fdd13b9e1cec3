package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;

/** Stores that are closed after each test. */
abstract class EtcdStores {
    final String root = "/relay-test/" + UUID.randomUUID() + "/";
    private final List<RegistryStore> opened = new ArrayList<>();

    /** Records the calls of a watch. */
    static final class Recorded implements RegistryStore.Watcher {
        final List<Change> changes = new CopyOnWriteArrayList<>();
        volatile RegistryException end;

        @Override
        public void changed(long revision, Collection<Change> some) {
            changes.addAll(some);
        }

        @Override
        public void ended(RegistryException why) {
            end = why;
        }

        boolean saw(String key) {
            return changes.stream().anyMatch(change -> change.key().equals(key));
        }
    }

    RegistryStore open(String endpoints) {
        return open(endpoints, Map.of());
    }

    RegistryStore open(String endpoints, Map<String, String> settings) {
        RegistryStore store = new EtcdRegistryProvider().open(endpoints, settings::get);
        opened.add(store);
        return store;
    }

    @AfterEach
    void closeStores() {
        opened.forEach(RegistryStore::close);
    }

    /** Checks that a request fails with a message with these parts. */
    static void assertRefused(CompletionStage<?> stage, String... parts) {
        String message = failure(RegistryException.class, stage).getMessage();
        for (String part : parts) assertTrue(message.contains(part), () -> "\"" + part + "\" is not in: " + message);
    }
}
