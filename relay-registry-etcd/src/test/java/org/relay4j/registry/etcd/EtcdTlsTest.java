package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.get;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.tls.RelayTls;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;
import org.relay4j.testing.SelfSignedKeys;

/** Certificates for etcd that are replaced while the store is open. */
@Tag("slow")
class EtcdTlsTest extends EtcdStores {
    private static final byte[] EMPTY =
            "{\"header\":{\"cluster_id\":\"1\",\"revision\":\"7\"}}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpsServer server;
    private SelfSignedKeys own; // of the server
    private SelfSignedKeys first;
    private SelfSignedKeys second;
    private volatile Certificate shown; // by the client, with its last request

    @BeforeEach
    void start() throws Exception {
        own = keys("server");
        first = keys("first");
        second = keys("second");
        replace("ca.pem", pem(own));
        Path clients = folder.resolve("clients.pem");
        Files.writeString(clients, pem(first) + pem(second));
        write(first);
        SSLContext context = RelayTls.context(own.keyManagers(), RelayTls.trusting(clients));
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.setHttpsConfigurator(new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters tls = context.getDefaultSSLParameters();
                tls.setNeedClientAuth(true);
                parameters.setSSLParameters(tls);
            }
        });
        server.createContext("/", exchange -> {
            shown = ((HttpsExchange) exchange).getSSLSession().getPeerCertificates()[0];
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(200, EMPTY.length);
            exchange.getResponseBody().write(EMPTY);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        closeStores(); // first: their connections end
        server.stop(0);
        threads.shutdownNow();
    }

    private SelfSignedKeys keys(String name) throws IOException {
        return SelfSignedKeys.make(folder.resolve(name + ".p12"), name, "127.0.0.1");
    }

    private String pem(SelfSignedKeys keys) throws Exception {
        return Files.readString(keys.writeCertificate(folder.resolve("one.pem")));
    }

    /** Makes them those of the store, certificate and key at once. */
    private void write(SelfSignedKeys keys) throws Exception {
        Path key = keys.writeKey(folder.resolve("one.key"));
        replace("client.pem", pem(keys) + Files.readString(key));
    }

    private void replace(String file, String content) throws IOException {
        Path next = Files.writeString(folder.resolve("next"), content);
        Files.move(next, folder.resolve(file), StandardCopyOption.ATOMIC_MOVE);
    }

    private RegistryStore store() {
        return open(
                "https://127.0.0.1:" + server.getAddress().getPort(),
                Map.of(
                        "RELAY_CLUSTER_CA", folder.resolve("ca.pem").toString(),
                        "RELAY_CLUSTER_CERT", folder.resolve("client.pem").toString(),
                        "RELAY_CLUSTER_KEY", folder.resolve("client.pem").toString()));
    }

    private Certificate shownTo(RegistryStore store) {
        Await.until("there is an answer", () -> {
            try {
                get(store.readAll(root));
                return true;
            } catch (RegistryUnavailableException e) {
                return false; // a machine under load takes longer than a second for its first handshakes
            }
        });
        return shown;
    }

    @Test
    void changedCertificatesAreUsedAndBrokenOnesAreNot() throws Exception {
        try (Logged log = Logged.below("org.relay4j.registry.etcd")) {
            RegistryStore store = store();
            assertEquals(first.certificate(), shownTo(store));
            write(second);
            Await.until(
                    "the new certificate is shown", () -> second.certificate().equals(shownTo(store)));
            replace("client.pem", "broken");
            Await.until("the broken one is reported", () -> {
                assertEquals(second.certificate(), shownTo(store));
                return !log.lines("ERROR").isEmpty();
            });
            String line = log.lines("ERROR").get(0);
            assertTrue(line.contains("the previous certificates for etcd stay in use: "), line);
            write(first);
            Await.until("the next one is shown", () -> first.certificate().equals(shownTo(store)));
            assertEquals(1, log.lines("ERROR").size());
        }
    }

    @Test
    void aChangedAuthorityIsUsed() throws Exception {
        RegistryStore store = store();
        assertEquals(first.certificate(), shownTo(store));
        replace("ca.pem", pem(keys("stranger")));
        Await.until("etcd is no longer trusted", () -> fails(store));
        replace("ca.pem", pem(own));
        Await.until("it is trusted again", () -> !fails(store));
    }

    private boolean fails(RegistryStore store) throws Exception {
        try {
            get(store.readAll(root));
            return false;
        } catch (RegistryUnavailableException e) {
            return true;
        }
    }
}
