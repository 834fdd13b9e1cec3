package org.relay4j.examples.thrift;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.thrift.TApplicationException;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TField;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.protocol.TType;
import org.apache.thrift.transport.TMemoryBuffer;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.TTransportException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.AtOnce;
import org.relay4j.testing.Call;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class SumServerTest {
    private static final int PIECE = 1 << 20; // bytes
    private static final int PIECES = 100;

    private RelayServer relay;
    private SumServer server;
    private Call<Void> serving;

    @BeforeEach
    void start() throws Exception {
        relay = RelayServer.start(0);
        server = new SumServer("localhost", relay.port());
        serving = Call.run(server::run);
    }

    @AfterEach
    void stop() {
        server.close();
        serving.result();
        relay.close();
    }

    /** Sends calls without waiting for replies, a few ahead of them at most, so that both directions are busy. */
    @Test
    void largeTransferBothWays() throws Exception {
        Semaphore ahead = new Semaphore(4);
        MessageDigest sent = Sha256.digest();
        MessageDigest received = Sha256.digest();
        try (TSocket socket = visit()) {
            TProtocol in = new TBinaryProtocol(socket); // one for each direction: they have a scratch buffer
            TProtocol out = new TBinaryProtocol(socket);
            Call<Void> sending = Call.run(() -> {
                for (int n = 0; n < PIECES; n++) {
                    ahead.acquire();
                    byte[] piece = Pattern.bytes(n, PIECE);
                    sent.update(piece);
                    send(out, "echo", n, piece);
                }
            });
            for (int n = 0; n < PIECES; n++) {
                byte[] reply = receive(in, n);
                assertEquals(PIECE, reply.length);
                received.update(reply);
                ahead.release();
            }
            sending.result();
        }
        assertEquals(Sha256.hex(sent.digest()), Sha256.hex(received.digest()));
    }

    @Test
    void twoHundredVisitorsAtOnce() throws Exception {
        CyclicBarrier allConnected = new CyclicBarrier(200);
        AtOnce.run(200, n -> {
            byte[] data = Pattern.bytes(n, 10_000);
            try (TSocket socket = visit()) {
                TProtocol thrift = new TBinaryProtocol(socket);
                for (int round = 0; round < 2; round++) {
                    send(thrift, "sha256", round, data);
                    assertEquals(Sha256.of(data), Sha256.hex(receive(thrift, round)));
                    allConnected.await(60, TimeUnit.SECONDS);
                }
            }
        });
    }

    /** The first reply of a connection is read when the second call has been sent in part only. */
    @Test
    void fullDuplex() throws Exception {
        try (TSocket socket = visit()) {
            TProtocol thrift = new TBinaryProtocol(socket);
            byte[] first = "first".getBytes(StandardCharsets.US_ASCII);
            byte[] second = Pattern.bytes(5, PIECE);
            send(thrift, "sha256", 1, first);
            TMemoryBuffer buffer = new TMemoryBuffer(2 * PIECE);
            send(new TBinaryProtocol(buffer), "sha256", 2, second);
            byte[] call = Arrays.copyOf(buffer.getArray(), buffer.length());
            socket.write(call, 0, call.length / 2);
            socket.flush();
            assertEquals(Sha256.of(first), Sha256.hex(receive(thrift, 1)));
            socket.write(call, call.length / 2, call.length - call.length / 2);
            socket.flush();
            assertEquals(Sha256.of(second), Sha256.hex(receive(thrift, 2)));
        }
    }

    @Test
    void otherMethodsAndTooMuchDataAreRefused() throws Exception {
        try (TSocket socket = visit()) {
            TProtocol thrift = new TBinaryProtocol(socket);
            send(thrift, "none", 1, new byte[10]);
            assertEquals(
                    "no method none",
                    assertThrows(TApplicationException.class, () -> receive(thrift, 1))
                            .getMessage());
        }
        try (TSocket socket = visit()) {
            TProtocol thrift = new TBinaryProtocol(socket);
            thrift.writeMessageBegin(new TMessage("echo", TMessageType.CALL, 1));
            thrift.writeFieldBegin(new TField("data", TType.STRING, Message.ARGUMENT));
            thrift.writeI32(SumServer.LARGEST + 1); // the length of what follows
            socket.flush();
            assertThrows(TTransportException.class, thrift::readMessageBegin);
        }
    }

    private TSocket visit() throws TTransportException {
        TSocket socket = new TSocket("localhost", server.publicPort(), 60_000); // ms
        socket.open();
        return socket;
    }

    private static void send(TProtocol thrift, String method, int number, byte[] data) throws TException {
        Message.write(thrift, new TMessage(method, TMessageType.CALL, number), Message.ARGUMENT, data);
    }

    private static byte[] receive(TProtocol thrift, int number) throws TException {
        TMessage reply = thrift.readMessageBegin();
        assertEquals(number, reply.seqid);
        if (reply.type == TMessageType.EXCEPTION) throw TApplicationException.readFrom(thrift);
        return Message.readData(thrift, Message.RESULT);
    }
}
