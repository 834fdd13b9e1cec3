package org.relay4j.benchmarks.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.relay4j.registry.testing.RegistryStoreContract;
import org.relay4j.server.ClusterOptions;
import org.relay4j.server.registry.RegistryStore;

class StandInStoreTest extends RegistryStoreContract {
    private static StandInRegistry registry;

    @BeforeAll
    static void start() throws IOException {
        registry = new StandInRegistry(0);
        new Thread(() -> {
                    try {
                        registry.serve();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .start();
    }

    @AfterAll
    static void stop() throws IOException {
        registry.close();
    }

    @Override
    protected RegistryStore open() {
        return ClusterOptions.openStore("standin:127.0.0.1:" + registry.port(), name -> null);
    }

    @Override
    protected void compact(long revision) {
        registry.compact();
    }
}
