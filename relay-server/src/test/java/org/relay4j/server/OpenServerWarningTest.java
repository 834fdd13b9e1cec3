package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Logged;
import org.relay4j.testing.SelfSigned;

/** A server that strangers can reach and read says so once, when it starts. */
class OpenServerWarningTest {
    @Test
    void plainServerOnAllAddresses() throws Exception {
        try (Logged log = Logged.below("org.relay4j.server");
                RelayServer server = RelayServer.start(0)) {
            List<String> warnings = log.lines("WARN");
            assertEquals(1, warnings.size(), warnings::toString);
            assertTrue(warnings.get(0).contains("port " + server.port()), warnings::toString);
            assertTrue(warnings.get(0).contains("set the option tls"), warnings::toString);
        }
    }

    @Test
    void loopbackIsNotReachable() throws Exception {
        assertSilent(RelayServerOptions.builder().bindAddress(InetAddress.getLoopbackAddress()));
    }

    @Test
    void namesKeepStrangersOut() throws Exception {
        assertSilent(RelayServerOptions.builder().policy(TunnelPolicy.nobody()).requireName(true));
    }

    @Test
    void tlsKeepsReadersOut(@TempDir Path folder) throws Exception {
        Path certificate = folder.resolve("cert.pem");
        Path key = folder.resolve("key.pem");
        SelfSigned.writePem(certificate, key);
        assertSilent(RelayServerOptions.builder().tls(ServerTls.ofFiles(certificate, key)));
    }

    private static void assertSilent(RelayServerOptions.Builder options) throws Exception {
        try (Logged log = Logged.below("org.relay4j.server");
                RelayServer server = RelayServer.start(options.build())) {
            assertTrue(server.port() > 0);
            assertEquals(List.of(), log.lines("WARN"));
        }
    }
}
