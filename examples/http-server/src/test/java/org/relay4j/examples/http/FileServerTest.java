package org.relay4j.examples.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.HttpVisitor;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class FileServerTest {
    private static final int LARGE = 100 << 20; // bytes

    @TempDir
    private Path folder;

    private RelayServer relay;
    private FileServer server;
    private HttpVisitor visitor;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        server = new FileServer("localhost", relay.port(), folder);
        visitor = new HttpVisitor(server.publicPort());
    }

    @AfterEach
    void stop() {
        server.close();
        relay.close();
    }

    @Test
    void largeUploadAndDownload() throws Exception {
        byte[] content = Pattern.bytes(1, LARGE);
        String expected = Sha256.of(content);
        HttpRequest.Builder put = visitor.request("/stored").PUT(HttpRequest.BodyPublishers.ofByteArray(content));
        assertEquals(201, visitor.status(put));
        assertEquals(expected, Sha256.of(Files.newInputStream(folder.resolve("stored"))));
        assertEquals(expected, visitor.digestOf("/stored"));
    }

    @Test
    void twoHundredRequestsAtOnce() throws Exception {
        byte[] content = Pattern.bytes(2, 100_000);
        Files.write(folder.resolve("file"), content);
        String expected = Sha256.of(content);
        visitor.twoHundredAtOnce(n -> visitor.request("/file"), n -> expected);
    }

    @Test
    void fullDuplex() throws Exception {
        visitor.fullDuplex("/", true);
        visitor.fullDuplex("/", false);
    }

    @Test
    void fileOutsideOfTheFolderIsRefused() throws Exception {
        assertEquals(403, visitor.status(visitor.request("/%2e%2e/secret")));
        assertEquals(404, visitor.status(visitor.request("/none")));
    }
}
