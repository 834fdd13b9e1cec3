package org.relay4j.examples.echo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.AtOnce;
import org.relay4j.testing.Call;
import org.relay4j.testing.LockStep;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class EchoServerTest {
    private static final int LARGE = 100 << 20; // bytes
    private static final int VISITORS = 200;

    private RelayServer relay;
    private EchoServer server;
    private Call<Void> serving;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        server = new EchoServer("localhost", relay.port());
        serving = Call.run(server::run);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        serving.result(); // closing the server ends run() without an exception
        relay.close();
    }

    @Test
    void largeTransferComesBack() throws Exception {
        MessageDigest sent = Sha256.digest();
        try (Socket socket = new Socket("localhost", server.publicPort())) {
            Call<Void> sending = Call.run(() -> {
                Pattern.write(1, LARGE, new DigestOutputStream(socket.getOutputStream(), sent));
                socket.shutdownOutput();
            });
            String received = Sha256.of(socket.getInputStream());
            sending.result();
            assertEquals(Sha256.hex(sent.digest()), received);
        }
    }

    @Test
    void twoHundredVisitorsAtOnce() throws Exception {
        CyclicBarrier allConnected = new CyclicBarrier(VISITORS);
        AtOnce.run(VISITORS, visitor -> {
            byte[] content = Pattern.bytes(visitor, 10_000);
            try (Socket socket = new Socket("localhost", server.publicPort())) {
                OutputStream out = socket.getOutputStream();
                out.write(content, 0, 1);
                assertEquals(content[0], socket.getInputStream().readNBytes(1)[0]);
                allConnected.await(60, TimeUnit.SECONDS);
                out.write(content);
                socket.shutdownOutput();
                assertArrayEquals(content, socket.getInputStream().readAllBytes());
            }
        });
    }

    @Test
    void fullDuplex() throws Exception {
        LockStep steps = new LockStep();
        try (Socket socket = new Socket("localhost", server.publicPort())) {
            Call<Void> sending = Call.run(() -> {
                steps.send(socket.getOutputStream());
                socket.shutdownOutput();
            });
            steps.receive(socket.getInputStream());
            sending.result();
        }
    }
}
