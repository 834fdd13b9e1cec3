package org.relay4j.spring;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** The report that a person reads if the application cannot start without its tunnel. */
@ExtendWith({LeakCheck.class, OutputCaptureExtension.class})
@Tag("slow")
class StartFailureTest {
    @Test
    void relayServerThatIsNotThere(CapturedOutput output) throws IOException {
        int port = FixedPort.free();
        assertThrows(RuntimeException.class, () -> WebApplication.run(port).close());
        says(output, "cannot connect to localhost:" + port, "Check relay.host and relay.port");
    }

    @Test
    void relayServerWithoutAPortToGive(CapturedOutput output) throws IOException {
        RelayServerOptions one = RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .maxTunnels(1)
                .build();
        try (RelayServer relay = RelayServer.start(one);
                RelayAcceptor first = RelayClient.connect("localhost", relay.port())) {
            assertTrue(first.isOpen());
            assertThrows(
                    RuntimeException.class,
                    () -> WebApplication.run(relay.port()).close());
        }
        says(output, "refused, limit-reached", "Try again later");
    }

    @Test
    void serverThatIsNoRelayServer(CapturedOutput output) throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Call<Void> answer = Call.run(() -> {
                try (Socket client = other.accept()) {
                    client.getOutputStream().write("220 mail.example.com\n".getBytes(StandardCharsets.US_ASCII));
                    client.getInputStream().readAllBytes();
                }
            });
            assertThrows(
                    RuntimeException.class,
                    () -> WebApplication.run(other.getLocalPort()).close());
            answer.result();
        }
        says(output, "is not a relay server", "must be the control port of a relay server");
    }

    @Test
    void proxyThatRequiresAnotherPassword(CapturedOutput output) throws Exception {
        String refusal = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"a\"\r\n\r\n";
        try (FakeServer proxy = FakeServer.saying(refusal)) {
            assertThrows(
                    RuntimeException.class,
                    () -> WebApplication.run(
                                    1,
                                    "relay.proxy.host=127.0.0.1",
                                    "relay.proxy.port=" + proxy.port(),
                                    "relay.proxy.username=alice",
                                    "relay.proxy.password=of-alice")
                            .close());
        }
        says(
                output,
                "does not accept the user name and the password (HTTP 407 No)",
                "Check relay.proxy.username and relay.proxy.password");
        assertFalse(output.getAll().contains("of-alice"), output.getAll());
    }

    @Test
    void valueThatIsRefused(CapturedOutput output) {
        assertThrows(
                RuntimeException.class,
                () -> WebApplication.run(1, "relay.connect-timeout=2h").close());
        says(output, "relay.connect-timeout", "connectTimeout is PT2H, it must be 1 ms to 1 h");
    }

    @Test
    void leaseFileInAFolderThatDoesNotExist(CapturedOutput output) {
        assertThrows(
                RuntimeException.class,
                () -> WebApplication.run(1, "relay.lease-file=none/lease").close());
        says(output, "cannot write lease file none/lease", "Check relay.lease-file.");
    }

    private static void says(CapturedOutput output, String... texts) {
        String all = output.getAll();
        assertTrue(all.contains("APPLICATION FAILED TO START"), all);
        for (String text : texts) assertTrue(all.contains(text), () -> text + " in " + all);
    }
}
