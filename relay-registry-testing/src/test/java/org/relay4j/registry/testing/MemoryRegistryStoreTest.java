package org.relay4j.registry.testing;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.RegistryStore;

class MemoryRegistryStoreTest extends RegistryStoreContract {
    private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(3);
    private final MemoryRegistryStore first = new MemoryRegistryStore(System::nanoTime, threads);

    @BeforeEach
    void endLeasesInTime() {
        var unused = threads.scheduleAtFixedRate(first::endLeases, 50, 50, TimeUnit.MILLISECONDS);
    }

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    @Override
    protected RegistryStore open() {
        return first.share(threads);
    }

    @Override
    protected void compact(long revision) {
        first.compact();
    }
}
