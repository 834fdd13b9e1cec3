package org.relay4j.registry.postgresql;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.relay4j.registry.testing.RegistryOutageContract;
import org.relay4j.server.registry.RegistryStore;

/** The rules of every store while its server is silent, with a real server that is paused. */
@DisabledOnOs(OS.WINDOWS)
@Tag("peers")
class PostgresqlOutageIT extends RegistryOutageContract {
    private static PostgresServer server;

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.startWithTables();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Override
    protected RegistryStore open() {
        return server.open();
    }

    @Override
    protected void silence() throws Exception {
        server.suspend();
    }

    @Override
    protected void resume() throws Exception {
        server.resume();
    }
}
