package org.relay4j.examples.nanohttpd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.HttpVisitor;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class EchoWebServerTest {
    private static final int LARGE = 100 << 20; // bytes

    private RelayServer relay;
    private EchoWebServer server;
    private HttpVisitor visitor;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        server = new EchoWebServer("localhost", relay.port());
        visitor = new HttpVisitor(server.publicPort());
    }

    @AfterEach
    void stop() {
        server.close();
        relay.close();
    }

    @Test
    void largeDownload() throws Exception {
        assertEquals(Sha256.of(new RandomBytes(LARGE)), visitor.digestOf("/random/" + LARGE));
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
        visitor.fullDuplex("/echo", false);
    }

    @Test
    void whatIsNotUnderstoodIsRefused() throws Exception {
        assertEquals(400, visitor.status(visitor.request("/random/many")));
        HttpRequest.BodyPublisher nothing = HttpRequest.BodyPublishers.ofByteArray(new byte[0]);
        assertEquals(404, visitor.status(visitor.request("/none").POST(nothing)));
        HttpRequest.BodyPublisher chunked = HttpRequest.BodyPublishers.fromPublisher(nothing);
        assertEquals(411, visitor.status(visitor.request("/echo").POST(chunked)));
    }
}
