package org.relay4j.registry.etcd;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.relay4j.registry.testing.RegistryOutageContract;
import org.relay4j.server.registry.RegistryStore;

/** The rules of a store, with one real etcd that falls silent. */
@Tag("peers")
class EtcdOutageIT extends RegistryOutageContract {
    private static EtcdMembers etcd;

    @BeforeAll
    static void start() throws IOException {
        etcd = EtcdMembers.start(1);
    }

    @AfterAll
    static void end() throws IOException {
        etcd.close();
    }

    @Override
    protected RegistryStore open() {
        return etcd.open();
    }

    @Override
    protected void silence() throws IOException {
        etcd.suspend(0);
    }

    @Override
    protected void resume() throws IOException {
        etcd.resume(0);
    }
}
