package org.relay4j.examples.rmi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.rmi.AccessException;
import java.rmi.ServerException;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.RemoteObject;
import java.rmi.server.RemoteRef;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.AtOnce;
import org.relay4j.testing.Call;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class MailboxServerTest {
    private static final int PIECE = 1 << 20; // bytes
    private static final int PIECES = 100;

    private RelayServer relay;
    private MailboxServer server;
    private Registry registry;
    private Mailbox mailbox;

    @BeforeEach
    void start() throws Exception {
        relay = RelayServer.start(0);
        server = new MailboxServer("localhost", relay.port());
        registry = LocateRegistry.getRegistry("localhost", server.publicPort());
        mailbox = (Mailbox) registry.lookup(MailboxServer.NAME);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        relay.close();
    }

    /**
     * RMI sends all of a call before it reads the reply, so it takes two calls to use both directions. The mailbox is much
     * smaller than the data: messages are taken while others are still being put.
     */
    @Test
    void largeTransferInFullDuplex() throws Exception {
        MessageDigest sent = Sha256.digest();
        MessageDigest received = Sha256.digest();
        Call<Void> sending = Call.run(() -> {
            for (int n = 0; n < PIECES; n++) {
                byte[] piece = Pattern.bytes(n, PIECE);
                sent.update(piece);
                assertTrue(mailbox.put(piece));
            }
        });
        for (int n = 0; n < PIECES; n++) {
            byte[] piece = mailbox.take();
            assertEquals(PIECE, piece.length);
            received.update(piece);
        }
        sending.result();
        assertEquals(Sha256.hex(sent.digest()), Sha256.hex(received.digest()));
    }

    /** No call that takes can return before the first call that puts, so all calls run at the same time. */
    @Test
    void twoHundredCallsAtOnce() throws Exception {
        Set<Byte> taken = Collections.synchronizedSet(new HashSet<>());
        AtOnce.run(200, n -> {
            if (n < 100) taken.add(mailbox.take()[0]);
            else assertTrue(mailbox.put(new byte[] {(byte) n}));
        });
        assertEquals(100, taken.size());
    }

    @Test
    void visitorsCannotReplaceTheObject() throws Exception {
        ServerException refused =
                assertThrows(ServerException.class, () -> registry.rebind(MailboxServer.NAME, mailbox));
        assertInstanceOf(AccessException.class, refused.getCause());
    }

    @Test
    void objectsThatAreNoBytesAreRefused() throws Exception {
        RemoteRef stub = ((RemoteObject) Proxy.getInvocationHandler(mailbox)).getRef();
        Object[] arguments = {new ArrayList<>()};
        ServerException refused = assertThrows(
                ServerException.class,
                () -> stub.invoke(mailbox, Mailbox.class.getMethod("put", byte[].class), arguments, hash("put([B)Z")));
        assertInstanceOf(InvalidClassException.class, refused.getCause().getCause());
        assertTrue(mailbox.put(new byte[] {7}));
        assertArrayEquals(new byte[] {7}, mailbox.take());
    }

    /** What a method is called by on the wire of RMI. */
    private static long hash(String signature) throws Exception {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        new DataOutputStream(text).writeUTF(signature);
        byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.toByteArray());
        return ByteBuffer.wrap(digest).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }
}
