package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.registry.RegistryProvider;
import org.relay4j.testing.Logged;

class EtcdRegistryProviderTest {
    private static String refusal(String address, String... settings) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < settings.length; i += 2) map.put(settings[i], settings[i + 1]);
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> new EtcdRegistryProvider().open(address, map::get).close())
                .getMessage();
    }

    @Test
    void isFoundByItsName() {
        assertTrue(ServiceLoader.load(RegistryProvider.class).stream()
                .anyMatch(provider -> provider.get().name().equals("etcd")));
    }

    @Test
    void endpointsAreAddresses() {
        for (String good :
                new String[] {"http://e1", "https://e1:2379/, https://10.0.0.1:23790", "http://[::1]:2379"}) {
            new EtcdRegistryProvider().open(good, name -> null).close();
        }
        for (String bad : new String[] {
            "", "e1:2379", "https://", "ftp://e1:1", "https://e1:1/v3", "https://e1:1?a", "https://e1:0"
        }) {
            assertTrue(refusal(bad).contains("write https://host:port"), bad);
        }
        assertTrue(refusal("https://a:1,").contains("write https://host:port"));
        assertTrue(refusal("https://a:1,http://b:1").contains("must all begin"));
        String many = IntStream.range(0, 17).mapToObj(i -> "http://e" + i).collect(Collectors.joining(","));
        assertTrue(refusal(many).contains("more than 16"));
    }

    @Test
    void aPasswordInAnAddressIsNotRepeated() {
        String message = refusal("https://root:secret@e1:2379");
        assertFalse(message.contains("secret"), message);
    }

    @Test
    void addressesThatNetworksCanReadAreWarnedOf() {
        for (String bad : List.of("http://e1", "http://127.0.0.1,http://10.0.0.1", "http://[2001:db8::1]")) {
            assertEquals(1, warnings(bad).size(), bad);
        }
        for (String good : List.of("https://e1", "http://127.0.0.1", "http://localhost,http://[::1]:1")) {
            assertEquals(List.of(), warnings(good), good);
        }
    }

    private static List<String> warnings(String address) {
        Map<String, String> settings = Map.of("RELAY_CLUSTER_USER", "u", "RELAY_CLUSTER_PASSWORD", "secret");
        try (Logged log = Logged.below("org.relay4j.registry.etcd")) {
            new EtcdRegistryProvider().open(address, settings::get).close();
            for (String line : log.lines()) {
                assertTrue(line.contains("the password and the claims") && line.contains("https://"), line);
                assertFalse(line.contains("secret"), line);
            }
            return log.lines("WARN");
        }
    }

    @Test
    void settingsThatBelongTogetherAreWantedTogether(@TempDir Path folder) throws Exception {
        assertTrue(refusal("http://e1", "RELAY_CLUSTER_USER", "u").contains("RELAY_CLUSTER_PASSWORD"));
        assertTrue(refusal("https://e1", "RELAY_CLUSTER_CERT", "c").contains("RELAY_CLUSTER_KEY"));
        assertTrue(refusal("http://e1", "RELAY_CLUSTER_CA", "ca.pem").contains("https://"));
        Path missing = folder.resolve("none.pem");
        assertTrue(refusal("https://e1", "RELAY_CLUSTER_CA", missing.toString()).contains("none.pem"));
        Path empty = Files.writeString(folder.resolve("empty.pem"), "nothing");
        assertTrue(refusal("https://e1", "RELAY_CLUSTER_CA", empty.toString()).contains("empty.pem"));
    }

    @Test
    void settingsDoNotShowSecrets() {
        EtcdSettings settings = new EtcdSettings(List.of(URI.create("http://e1:2379")), "u", "secret", null);
        assertEquals("[http://e1:2379]", settings.toString());
        Gateway.Request request = new Gateway.Request("/v3/auth/authenticate", Requests.login("u", "secret"), "token");
        assertFalse(request.toString().contains("secret") || request.toString().contains("token"), request::toString);
    }
}
