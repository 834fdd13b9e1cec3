package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;
import static org.relay4j.registry.testing.Requested.get;
import static org.relay4j.registry.testing.Requested.put;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.testing.Await;
import org.relay4j.testing.SelfSignedKeys;

/** Users and certificates of real etcd, and what the check says of settings that are wrong. */
@Tag("peers")
class EtcdAccessIT extends EtcdStores {
    @Test
    void usersAreLetInByPasswordAndAgainWhenTheirTokenIsForgotten() throws Exception {
        try (EtcdMembers etcd = EtcdMembers.start(1)) {
            assertRefused(open(etcd.endpoint(0), user("relay", "secret")).check(root), "unset RELAY_CLUSTER_USER");
            etcd.control("user", "add", "root:rootsecret");
            etcd.control("user", "grant-role", "root", "root");
            etcd.control("user", "add", "relay:secret");
            etcd.control("user", "add", "other:secret");
            etcd.control("role", "add", "relay");
            etcd.control("role", "grant-permission", "relay", "--prefix=true", "readwrite", root);
            etcd.control("user", "grant-role", "relay", "relay");
            etcd.control("auth", "enable");
            assertRefused(open(etcd.endpoint(0)).check(root), "set RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD");
            var wrong = open(etcd.endpoint(0), user("relay", "wrong")).check(root);
            assertRefused(wrong, "check RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD");
            assertFalse(failure(Exception.class, wrong).toString().contains("wrong\""));
            assertRefused(open(etcd.endpoint(0), user("other", "secret")).check(root), "role grant-permission");
            RegistryStore store = open(etcd.endpoint(0), user("relay", "secret"));
            get(store.check(root));
            long lease = get(store.grant(Duration.ofMinutes(1)));
            Recorded watch = new Recorded();
            store.watch(List.of(root), put(store, root + "a", "", lease), watch);
            etcd.kill(0);
            etcd.run(0); // which forgets its tokens
            Await.until("etcd answers again", () -> answers(store));
            put(store, root + "b", "", lease);
            assertTrue(get(store.renew(lease)));
            Await.until("the watch goes on", () -> watch.saw(root + "b"));
        }
    }

    private boolean answers(RegistryStore store) throws Exception {
        try {
            get(store.readAll(root));
            return true;
        } catch (RegistryUnavailableException e) {
            return false;
        }
    }

    private static Map<String, String> user(String name, String password) {
        return Map.of("RELAY_CLUSTER_USER", name, "RELAY_CLUSTER_PASSWORD", password);
    }

    @Test
    void tlsVerifiesBothSides(@TempDir Path folder) throws Exception {
        SelfSignedKeys server = SelfSignedKeys.make(folder.resolve("server.p12"), "etcd", "127.0.0.1");
        SelfSignedKeys client = SelfSignedKeys.make(folder.resolve("client.p12"), "relay");
        Path serverCertificate = server.writeCertificate(folder.resolve("server.pem"));
        Path clientCertificate = client.writeCertificate(folder.resolve("client.pem"));
        Path clientKey = ownerOnly(client.writeKey(folder.resolve("client.key")));
        // etcd's gateway is a client of etcd with the server's certificate.
        Path trusted = Files.writeString(
                folder.resolve("trusted.pem"),
                Files.readString(serverCertificate) + Files.readString(clientCertificate));
        List<String> options = List.of(
                "--cert-file=" + serverCertificate,
                "--key-file=" + server.writeKey(folder.resolve("server.key")),
                "--client-cert-auth",
                "--trusted-ca-file=" + trusted);
        try (EtcdMembers etcd = EtcdMembers.start(1, "https", options)) {
            Map<String, String> full = Map.of(
                    "RELAY_CLUSTER_CA", "" + serverCertificate,
                    "RELAY_CLUSTER_CERT", "" + clientCertificate,
                    "RELAY_CLUSTER_KEY", "" + clientKey);
            RegistryStore store = open(etcd.endpoint(0), full);
            get(store.check(root));
            Recorded watch = new Recorded();
            store.watch(List.of(root), put(store, root + "a", "", 0), watch);
            put(store, root + "b", "", 0);
            Await.until("the watch sees it", () -> watch.saw(root + "b"));
            assertRefused(open(etcd.endpoint(0)).check(root), "can be reached", "PKIX path building failed");
            Map<String, String> noCertificate = Map.of("RELAY_CLUSTER_CA", "" + serverCertificate);
            assertRefused(open(etcd.endpoint(0), noCertificate).check(root), "can be reached", "certificate");
            String plain = etcd.endpoint(0).replace("https:", "http:");
            assertRefused(open(plain).check(root), "begin the address with https://");
        }
    }

    private static Path ownerOnly(Path file) throws IOException {
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void theCheckNamesWhatIsWrong() throws Exception {
        try (EtcdMembers off = EtcdMembers.start(1, "--enable-grpc-gateway=false");
                EtcdMembers one = EtcdMembers.start(1);
                EtcdMembers other = EtcdMembers.start(1)) {
            assertRefused(open(off.endpoint(0)).check(root), "--enable-grpc-gateway");
            assertRefused(open(one.endpoint(0) + "," + other.endpoint(0)).check(root), "different clusters");
            assertRefused(
                    open(one.endpoint(0).replace("http:", "https:")).check(root), "begin the address with http://");
            assertRefused(open("http://127.0.0.1:1").check(root), "no endpoint of etcd can be reached");
            get(open("http://127.0.0.1:1," + one.endpoint(0)).check(root)); // one member may be down
        }
    }
}
