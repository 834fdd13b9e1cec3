package org.relay4j.yamux;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;

/** Sessions over Unix-domain sockets, which are served by the loops as those over TCP are. */
class UnixDomainSessionTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @TempDir
    Path folder;

    private SocketChannel near;
    private SocketChannel far;

    @BeforeEach
    void connect() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("socket"));
            listener.bind(address);
            near = SocketChannel.open(address);
            far = listener.accept();
        }
    }

    @AfterEach
    void close() throws IOException {
        near.close();
        far.close();
    }

    @Test
    void carriesStreamsInBothDirections() throws Exception {
        byte[] request = new byte[1 << 20];
        new Random(1).nextBytes(request);
        try (Session client = Session.client(near);
                Session server = Session.server(far)) {
            Call<byte[]> serving = Call.of(() -> {
                try (Stream stream = server.accept(Await.DEADLINE)) {
                    byte[] all = stream.getInputStream().readAllBytes();
                    stream.getOutputStream().write("done".getBytes(US_ASCII));
                    return all;
                }
            });
            try (Stream stream = client.open()) {
                stream.getOutputStream().write(request);
                stream.shutdownOutput();
                assertEquals("done", new String(stream.getInputStream().readAllBytes(), US_ASCII));
            }
            assertArrayEquals(request, serving.result());
            assertTrue(client.toString().contains("socket"), client::toString);
        }
    }

    @Test
    void endOfOneEndIsTheEndOfTheOther() throws Exception {
        Session client = Session.client(near);
        try (Session server = Session.server(far)) {
            client.close();
            SessionException end = assertThrows(SessionException.class, () -> server.accept(Await.DEADLINE));
            assertTrue(end.isClean(), end::toString);
            assertTrue(client.awaitEnd(Await.DEADLINE));
            assertFalse(near.isOpen());
        }
    }
}
