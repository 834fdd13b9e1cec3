package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.LeakCheck;

/** A load balancer ends TLS: clients see its certificate, and the operator has listed it. */
@ExtendWith(LeakCheck.EachTest.class)
class ProxyCertificatesTest {
    private static final String LISTED = "a1".repeat(32);
    private static final String OTHER = "b2".repeat(32);

    private final KeyPair pair = newPair();

    @Test
    void listedCertificateIsAccepted() throws IOException {
        try (RelayServer server = start(options -> options.extended(true).proxyCertificates(listed()))) {
            assertTrue(prove(server, LISTED).startsWith("OK port="));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void othersAreNot(boolean sawTls) throws IOException {
        String binding = sawTls ? OTHER : "none";
        try (RelayServer server = start(options -> options.extended(true).proxyCertificates(listed()))) {
            String answer = prove(server, binding);
            assertTrue(answer.startsWith("ERR tls-mismatch "), answer);
            assertEquals(1, server.statistics().refusals().get(Refusal.IDENTITY));
        }
    }

    @Test
    void withoutAListNoneIs() throws IOException {
        try (RelayServer server = start(options -> options.extended(true))) {
            String answer = prove(server, LISTED);
            assertTrue(answer.startsWith("ERR tls-mismatch "), answer);
        }
    }

    /** A balancer that ends TLS and begins it again. */
    @Test
    void ownCertificateDoesNotCountBesideAList(@TempDir Path folder) throws Exception {
        Keys keys = Keys.make(folder, "localhost");
        try (RelayServer server = start(options -> tls(options, keys).proxyCertificates(listed()))) {
            for (String binding : new String[] {keys.binding(), LISTED}) {
                try (LineClient client = LineClient.secure(server, Keys.trusting(), "relay/1")) {
                    String answer = client.prove(client.line(), "RELAY/1", "web", binding, pair.getPrivate());
                    assertTrue(answer.startsWith(binding.equals(LISTED) ? "OK port=" : "ERR tls-mismatch "), answer);
                }
            }
        }
    }

    /** Who has not signed what he saw learns nothing about the list. */
    @Test
    void invalidProofIsRefusedFirst() throws IOException {
        try (RelayServer server = start(options -> options.extended(true).proxyCertificates(listed()));
                LineClient client = LineClient.plain(server)) {
            String answer = client.prove(
                    client.line(), "RELAY/1", "web", OTHER, newPair().getPrivate());
            assertTrue(answer.startsWith("ERR auth-failed "), answer);
        }
    }

    @Test
    void badLists() {
        IllegalArgumentException malformed = assertThrows(
                IllegalArgumentException.class,
                () -> RelayServerOptions.builder()
                        .extended(true)
                        .proxyCertificates(List.of("sha256:12"))
                        .build());
        assertEquals(
                "fingerprint is 'sha256:12', it must be sha256: followed by 64 hexadecimal digits",
                malformed.getMessage());
        IllegalArgumentException without = assertThrows(
                IllegalArgumentException.class,
                () -> RelayServerOptions.builder().proxyCertificates(listed()).build());
        assertTrue(without.getMessage().contains("has no effect on a plain port"), without::getMessage);
    }

    private String prove(RelayServer server, String binding) throws IOException {
        try (LineClient client = LineClient.plain(server)) {
            return client.prove(client.line(), "RELAY/1", "web", binding, pair.getPrivate());
        }
    }

    private static List<String> listed() {
        return List.of("sha256:" + LISTED.toUpperCase(Locale.ROOT));
    }

    private RelayServer start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        return RelayServer.start(options.apply(RelayServerOptions.builder()
                        .bindAddress(InetAddress.getLoopbackAddress())
                        .publicBindAddress(InetAddress.getLoopbackAddress())
                        .policy(this::find))
                .build());
    }

    private CompletionStage<Optional<NamedClient>> find(String name) {
        NamedClient web = new NamedClient(Set.of(pair.getPublic()), false, ClientLimits.defaults());
        return CompletableFuture.completedFuture(name.equals("web") ? Optional.of(web) : Optional.empty());
    }

    private static RelayServerOptions.Builder tls(RelayServerOptions.Builder options, Keys keys) {
        try {
            return options.tls(keys.server());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static KeyPair newPair() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
