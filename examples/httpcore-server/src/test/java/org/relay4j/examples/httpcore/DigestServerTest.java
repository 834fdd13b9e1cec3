package org.relay4j.examples.httpcore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.HttpVisitor;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class DigestServerTest {
    private static final int LARGE = 100 << 20; // bytes

    private RelayServer relay;
    private DigestServer server;
    private HttpVisitor visitor;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        server = new DigestServer("localhost", relay.port());
        visitor = new HttpVisitor(server.publicPort());
    }

    @AfterEach
    void stop() {
        server.close();
        relay.close();
    }

    @Test
    void largeDownload() throws Exception {
        MessageDigest expected = Sha256.digest();
        DigestServer.writeRandom(LARGE, new DigestOutputStream(OutputStream.nullOutputStream(), expected));
        assertEquals(Sha256.hex(expected.digest()), visitor.digestOf("/random/" + LARGE));
    }

    @Test
    void largeUpload() throws Exception {
        byte[] content = Pattern.bytes(3, LARGE);
        assertEquals(Sha256.of(content), visitor.post("/digest", content));
    }

    @Test
    void twoHundredRequestsAtOnce() throws Exception {
        visitor.twoHundredAtOnce(
                n -> visitor.request("/echo").POST(HttpRequest.BodyPublishers.ofString("request " + n)),
                n -> Sha256.of(("request " + n).getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void fullDuplex() throws Exception {
        visitor.fullDuplex("/echo", true);
        visitor.fullDuplex("/echo", false);
    }

    @Test
    void pathWithoutNumberIsRefused() throws Exception {
        assertEquals(400, visitor.status(visitor.request("/random/many")));
    }
}
