package org.relay4j.benchmarks.cluster;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryStore;

/**
 * A registry in the memory of a process of its own, to measure a cluster whose store costs next to nothing. It has no authentication
 * and listens on loopback only. Each {@link StandInStore} has a connection, with two threads.
 */
final class StandInRegistry implements AutoCloseable {
    private static final long END_LEASES_MILLIS = 50;

    private final MemoryRegistryStore registry = new MemoryRegistryStore(System::nanoTime, Runnable::run);
    private final ScheduledExecutorService leases = Executors.newSingleThreadScheduledExecutor();
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ServerSocket listener;

    StandInRegistry(int port) throws IOException {
        listener = new ServerSocket(port, 128, InetAddress.getLoopbackAddress());
        var unused = leases.scheduleAtFixedRate(
                registry::endLeases, END_LEASES_MILLIS, END_LEASES_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Argument: the port. Serves until the process ends. */
    public static void main(String[] arguments) throws IOException {
        try (StandInRegistry registry = new StandInRegistry(Integer.parseInt(arguments[0]))) {
            System.out.println("listening on " + registry.port());
            registry.serve();
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Forgets the history. */
    void compact() {
        registry.compact();
    }

    /** Serves until {@link #close}. */
    void serve() throws IOException {
        while (!listener.isClosed()) {
            Socket socket;
            try {
                socket = listener.accept();
            } catch (IOException e) {
                if (listener.isClosed()) return;
                throw e;
            }
            Connection connection = new Connection(socket);
            connections.add(connection);
            new Thread(connection::serve, "stand-in-" + socket.getPort()).start();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        leases.shutdownNow();
        for (Connection each : connections) each.close();
    }

    /** The connection of one store. Answers and changes are written by its executor, which flushes when it has no more of them. */
    private final class Connection {
        private final Socket socket;
        private final ExecutorService executor = Executors.newSingleThreadExecutor();
        private final RegistryStore store = registry.share(executor);
        private final Map<Integer, RegistryStore.Watch> watches = new HashMap<>(); // the reading thread's
        private final AtomicBoolean flushing = new AtomicBoolean(); // is to be done
        private final ReentrantLock writing = new ReentrantLock();
        private final DataInputStream in;
        private final DataOutputStream out; // guarded by writing

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            socket.setTcpNoDelay(true);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
            out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
        }

        void serve() {
            try (socket) {
                while (true) request(in.readInt(), Wire.Kind.of(in.readByte()));
            } catch (IOException | RuntimeException e) {
                connections.remove(this); // the store has closed it, or was killed
            } finally {
                store.close();
                executor.shutdown();
            }
        }

        void close() throws IOException {
            socket.close();
        }

        private void request(int id, Wire.Kind kind) throws IOException {
            switch (kind) {
                case GRANT -> answer(id, store.grant(Duration.ofNanos(in.readLong())), DataOutputStream::writeLong);
                case RENEW -> answer(id, store.renew(in.readLong()), DataOutputStream::writeBoolean);
                case REVOKE -> answer(id, store.revoke(in.readLong()), (to, none) -> {});
                case COMMIT -> answer(id, store.commit(Wire.transaction(in)), Wire::commit);
                case READ -> answer(id, store.read(Wire.list(in, Wire::text)), Wire::snapshot);
                case READ_ALL -> answer(id, store.readAll(Wire.text(in)), Wire::snapshot);
                case WATCH -> {
                    List<String> prefixes = Wire.list(in, Wire::text);
                    watches.put(id, store.watch(prefixes, in.readLong(), new Reporting(id)));
                }
                case UNWATCH -> {
                    RegistryStore.Watch watch = watches.remove(in.readInt());
                    if (watch != null) watch.close();
                }
            }
        }

        private <T> void answer(int id, CompletionStage<T> stage, Wire.Writer<T> writer) {
            var unused = stage.whenComplete((result, failure) -> {
                if (failure == null) write(id, Wire.RESULT, to -> writer.write(to, result));
                else fail(id, failure instanceof CompletionException ? failure.getCause() : failure);
            });
        }

        private void fail(int id, @Nullable Throwable failure) {
            byte kind = failure instanceof RegistryLeaseException ? Wire.LEASE_ENDED : Wire.FAILED;
            String why = failure == null ? "failed" : String.valueOf(failure.getMessage());
            write(id, kind, to -> Wire.text(to, why));
        }

        private void write(int id, byte kind, Content content) {
            writing.lock();
            try {
                out.writeInt(id);
                out.writeByte(kind);
                content.write(out);
                if (!flushing.getAndSet(true)) executor.execute(this::flush);
            } catch (IOException | RejectedExecutionException e) {
                // the reading thread sees the end of the connection
            } finally {
                writing.unlock();
            }
        }

        private void flush() {
            writing.lock();
            try {
                flushing.set(false);
                out.flush();
            } catch (IOException e) {
                // the reading thread sees the end of the connection
            } finally {
                writing.unlock();
            }
        }

        private final class Reporting implements RegistryStore.Watcher {
            private final int id;

            Reporting(int id) {
                this.id = id;
            }

            @Override
            public void changed(long revision, Collection<Change> changes) {
                write(id, Wire.CHANGED, to -> {
                    to.writeLong(revision);
                    Wire.list(to, changes, Wire::change);
                });
            }

            @Override
            public void ended(RegistryException why) {
                write(id, Wire.ENDED, to -> Wire.text(to, String.valueOf(why.getMessage())));
            }
        }
    }

    private interface Content {
        void write(DataOutputStream out) throws IOException;
    }
}
