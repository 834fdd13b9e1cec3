package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.MemoryRegistryStore;

class VacanciesTest {
    private long now;
    private final MemoryRegistryStore store = new MemoryRegistryStore(() -> now, Runnable::run);
    private final List<Endpoint> free = new ArrayList<>();
    private final Access access = new Access(
            store,
            new Clock(),
            ClusterSettings.of("sim", "a", InetSocketAddress.createUnresolved("a", 7002), 1, "1")
                    .incarnation("a-1"));
    private final Vacancies vacancies = new Vacancies(access, free::add);

    private static Endpoint endpoint(int number) {
        return number < 60_000 ? Endpoint.port(1 + number) : Endpoint.host("h" + number + ".example.com");
    }

    @Test
    void moreThanOneRequestFullAreFoundAtOnce() {
        for (int n = 0; n < 300; n++) vacancies.add(endpoint(n));
        vacancies.remove(endpoint(7));
        vacancies.tick();
        assertEquals(0, free.size());
        now += Vacancies.REST;
        vacancies.tick();
        assertEquals(299, free.size());
        assertEquals(0, vacancies.size());
    }

    @Test
    void moreThanTheMaximumAreNotRemembered() {
        for (int n = 0; n < Vacancies.MOST + 10; n++) vacancies.add(endpoint(n));
        assertEquals(Vacancies.MOST, vacancies.size());
        vacancies.add(endpoint(0)); // once more
        assertEquals(Vacancies.MOST, vacancies.size());
    }

    private final class Clock implements ClusterTime {
        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public Runnable schedule(long nanos, Runnable task) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void execute(Runnable task) {
            task.run();
        }
    }
}
