package org.relay4j.examples.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.HttpVisitor;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class NettyServerTest {
    private static final int LARGE = 100 << 20; // bytes
    private static final int PIECE = 64 * 1024; // bytes

    private RelayServer relay;
    private NettyServer server;
    private HttpVisitor visitor;

    @BeforeEach
    void start() throws Exception {
        relay = RelayServer.start(0);
        server = new NettyServer("localhost", relay.port());
        visitor = new HttpVisitor(server.publicPort());
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        relay.close();
    }

    @Test
    void largeDownload() throws Exception {
        MessageDigest expected = Sha256.digest();
        Random random = new Random(LARGE);
        byte[] piece = new byte[PIECE];
        for (int left = LARGE; left > 0; left -= PIECE) {
            random.nextBytes(piece);
            expected.update(piece, 0, Math.min(left, PIECE));
        }
        assertEquals(Sha256.hex(expected.digest()), visitor.digestOf("/random/" + LARGE));
    }

    @Test
    void largeUpload() throws Exception {
        byte[] content = Pattern.bytes(3, LARGE);
        assertEquals(Sha256.of(content), visitor.post("/digest", content));
    }

    @Test
    void fullDuplex() throws Exception {
        visitor.fullDuplex("/echo", true);
        visitor.fullDuplex("/echo", false);
    }

    @Test
    void twoHundredRequestsAtOnce() throws Exception {
        visitor.twoHundredAtOnce(
                n -> visitor.request("/echo").POST(HttpRequest.BodyPublishers.ofString("request " + n)),
                n -> Sha256.of(("request " + n).getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void whatIsNotUnderstoodIsNotFound() throws Exception {
        for (String path : List.of("/", "/random/", "/random/-1", "/random/x")) {
            assertEquals(404, visitor.status(visitor.request(path)));
        }
        HttpRequest.BodyPublisher something = HttpRequest.BodyPublishers.ofString("something");
        assertEquals(404, visitor.status(visitor.request("/none").POST(something)));
    }
}
