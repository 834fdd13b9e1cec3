package org.relay4j.examples.rmi;

import java.io.IOException;
import java.io.ObjectInputFilter;
import java.rmi.NoSuchObjectException;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.RMIServerSocketFactory;
import java.rmi.server.UnicastRemoteObject;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;

/**
 * A remote object without a local port, and a registry in which to find it. Two factories make them reachable: the server socket
 * factory listens on a public port, and the socket factory travels to the visitors in the stub. Object and registry are exported
 * with the same two factories, so RMI listens once for both, and one tunnel is enough.
 */
public final class MailboxServer implements AutoCloseable {
    static final String NAME = "mailbox";

    /** Allows byte arrays as arguments, for which RMI checks only the length, and no objects of any class. */
    private static final String ALLOWED = "maxarray=16777216;!*";

    private final RelayAcceptor acceptor;
    private final Mailbox mailbox = new Queue();
    private final Registry registry;

    MailboxServer(String relayHost, int relayPort) throws IOException {
        acceptor = RelayClient.connect(relayHost, relayPort);
        boolean up = false;
        try {
            PublicHost sockets = new PublicHost(relayHost);
            RMIServerSocketFactory serverSockets = port -> acceptor;
            registry = LocateRegistry.createRegistry(0, sockets, serverSockets);
            // Anyone can send objects to a public port: only the expected ones are deserialized.
            ObjectInputFilter filter = ObjectInputFilter.Config.createFilter(ALLOWED);
            registry.rebind(NAME, UnicastRemoteObject.exportObject(mailbox, 0, sockets, serverSockets, filter));
            up = true;
        } finally {
            if (!up) acceptor.close();
        }
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 2 || !args[1].matches("[0-9]{1,5}")) {
            System.err.println("usage: MailboxServer <relay host> <relay port>");
            System.exit(2);
        }
        try (MailboxServer server = new MailboxServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println("RMI: rmi://" + args[0] + ":" + server.publicPort() + "/" + NAME);
            new CountDownLatch(1).await(); // until the process is ended
        }
    }

    int publicPort() {
        return acceptor.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        try {
            UnicastRemoteObject.unexportObject(mailbox, true);
            UnicastRemoteObject.unexportObject(registry, true);
        } catch (NoSuchObjectException e) {
            throw new IllegalStateException(e); // closed twice
        } finally {
            acceptor.close();
        }
    }

    /** The remote object. */
    private static final class Queue implements Mailbox {
        private static final int PATIENCE = 30; // seconds

        private final BlockingQueue<byte[]> messages = new ArrayBlockingQueue<>(8);

        @Override
        public boolean put(byte[] message) {
            try {
                return messages.offer(message, PATIENCE, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        @Override
        public byte @Nullable [] take() {
            try {
                return messages.poll(PATIENCE, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            }
        }
    }
}
