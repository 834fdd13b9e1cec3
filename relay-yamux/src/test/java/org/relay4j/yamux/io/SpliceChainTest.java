package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Transport;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;

/** The whole way: visitors, a session between two loops, a service. */
class SpliceChainTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private ServerSocket service;
    private SplicedSession visitors;
    private SplicedSession services;

    @BeforeEach
    void connect() throws Exception {
        service = new ServerSocket(0, 2000, InetAddress.getLoopbackAddress());
        service.setSoTimeout((int) Await.DEADLINE.toMillis());
        List<SocketChannel> tunnel = Transport.sockets();
        InetSocketAddress address = (InetSocketAddress) service.getLocalSocketAddress();
        visitors = SplicedSession.forVisitors(tunnel.get(0), SessionOptions.defaults());
        services = SplicedSession.forService(tunnel.get(1), address, SessionOptions.defaults());
    }

    @AfterEach
    void disconnect() throws Exception {
        visitors.close();
        services.close();
        service.close();
    }

    @Test
    void thousandVisitorsAtOnce() throws Exception {
        int count = 1000;
        List<Socket> served = new ArrayList<>();
        Call<Void> serving = Call.run(() -> {
            for (int i = 0; i < count; i++) {
                Socket socket = service.accept();
                served.add(socket);
                byte[] number = socket.getInputStream().readNBytes(4);
                socket.getOutputStream().write(number);
            }
        });
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Socket visitor = Visitor.connect(visitors.port());
            sockets.add(visitor);
            visitor.getOutputStream().write(ByteBuffer.allocate(4).putInt(i).array());
        }
        for (int i = 0; i < count; i++) {
            byte[] answer = sockets.get(i).getInputStream().readNBytes(4);
            assertEquals(i, ByteBuffer.wrap(answer).getInt());
        }
        serving.result();
        assertEquals(count, visitors.streams());
        assertEquals(count, services.streams());
        for (Socket socket : sockets) socket.close();
        for (Socket socket : served) {
            assertEquals(-1, socket.getInputStream().read());
            socket.close();
        }
        Await.until("all have ended", () -> visitors.ends.size() == count && services.ends.size() == count);
        assertEquals(0, visitors.streams() + services.streams());
        assertEquals(count, visitors.ends.stream().filter("clean"::equals).count());
        assertEquals(0, BufferPool.shared().inUse());
    }

    @Tag("slow")
    @Test
    void thousandVisitorsOneAfterTheOtherInTenLanes() throws Exception {
        int lanes = 10;
        int rounds = 100;
        Call<Void> serving = Call.run(() -> {
            for (int i = 0; i < lanes * rounds; i++) {
                Socket socket = service.accept();
                Call.run(() -> echo(socket));
            }
        });
        List<Call<Void>> calls = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            int number = lane;
            calls.add(Call.run(() -> {
                for (int i = 0; i < rounds; i++) visit(number * 1000L + i, 1 + i * 113);
            }));
        }
        calls.forEach(Call::result);
        serving.result();
        Await.until("all have ended", () -> visitors.streams() + services.streams() == 0);
    }

    @Test
    void largeEchoesBesideEachOther() throws Exception {
        Call<Void> serving = Call.run(() -> {
            for (int i = 0; i < 4; i++) {
                Socket socket = service.accept();
                Call.run(() -> echo(socket));
            }
        });
        List<Call<Void>> calls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int seed = i;
            calls.add(Call.run(() -> visit(seed, 8 << 20)));
        }
        calls.forEach(Call::result);
        serving.result();
    }

    private static void echo(Socket socket) throws IOException {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        }
    }

    private void visit(long seed, int length) throws IOException {
        try (Socket visitor = Visitor.connect(visitors.port())) {
            Call<Void> sender = Call.run(() -> {
                Pattern.write(seed, length, visitor.getOutputStream());
                visitor.shutdownOutput();
            });
            Pattern.check(seed, length, visitor.getInputStream());
            Visitor.expectEnd(visitor);
            sender.result();
        }
    }
}
