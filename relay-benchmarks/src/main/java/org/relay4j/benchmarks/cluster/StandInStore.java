package org.relay4j.benchmarks.cluster;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/**
 * A store whose entries are in a {@link StandInRegistry}. It connects once, with its first request: after the loss of the connection
 * every request fails, so the process of the registry must outlive its nodes.
 *
 * <p>Requests are written by one thread; another one reads, completes stages and calls watchers. Safe for use by several threads.
 */
final class StandInStore implements RegistryStore {
    private static final int CONNECT_MILLIS = 2_000;
    private static final Executor LATE =
            CompletableFuture.delayedExecutor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS, Runnable::run);

    private final InetSocketAddress address;
    private final ThreadPoolExecutor writer = new ThreadPoolExecutor(
            1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Executors.defaultThreadFactory());
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, Request<?>> requests = new ConcurrentHashMap<>();
    private final Map<Integer, OpenWatch> watches = new ConcurrentHashMap<>();
    private volatile @Nullable Socket socket;
    private volatile boolean closed;
    private @Nullable DataOutputStream out; // the writing thread's

    StandInStore(InetSocketAddress address) {
        this.address = address;
    }

    @Override
    public CompletionStage<Void> check(String prefix) {
        return read(List.of(prefix)).thenApply(seen -> null);
    }

    @Override
    public CompletionStage<Long> grant(Duration timeToLive) {
        RegistryStore.requireTimeToLive(timeToLive);
        return request(Wire.Kind.GRANT, to -> to.writeLong(timeToLive.toNanos()), DataInputStream::readLong);
    }

    @Override
    public CompletionStage<Boolean> renew(long lease) {
        return request(Wire.Kind.RENEW, to -> to.writeLong(lease), DataInputStream::readBoolean);
    }

    @Override
    public CompletionStage<Void> revoke(long lease) {
        return request(Wire.Kind.REVOKE, to -> to.writeLong(lease), in -> true).thenApply(done -> null);
    }

    @Override
    public CompletionStage<Commit> commit(Transaction transaction) {
        transaction.requireWork();
        return request(Wire.Kind.COMMIT, to -> Wire.transaction(to, transaction), Wire::commit);
    }

    @Override
    public CompletionStage<Snapshot> read(Collection<String> keys) {
        List<String> wanted = List.copyOf(keys);
        Transaction.requireKeys(wanted);
        return request(Wire.Kind.READ, to -> Wire.list(to, wanted, Wire::text), Wire::snapshot);
    }

    @Override
    public CompletionStage<Snapshot> readAll(String prefix) {
        return request(Wire.Kind.READ_ALL, to -> Wire.text(to, prefix), Wire::snapshot);
    }

    @Override
    public Watch watch(Collection<String> prefixes, long after, Watcher watcher) {
        RegistryStore.requirePrefixes(prefixes);
        List<String> wanted = List.copyOf(prefixes);
        OpenWatch watch = new OpenWatch(ids.incrementAndGet(), watcher);
        watches.put(watch.id, watch);
        write(watch.id, Wire.Kind.WATCH, to -> {
            Wire.list(to, wanted, Wire::text);
            to.writeLong(after);
        });
        return watch;
    }

    @Override
    public void close() {
        closed = true;
        watches.clear();
        writer.shutdown();
        end(new IOException("the store is closed"));
    }

    private <T> CompletionStage<T> request(Wire.Kind kind, Content content, Wire.Reader<T> reader) {
        int id = ids.incrementAndGet();
        CompletableFuture<T> answer = new CompletableFuture<>();
        if (closed) {
            answer.completeExceptionally(new RegistryUnavailableException("the store is closed", null, true));
            return answer;
        }
        requests.put(id, new Request<>(reader, answer)); // until it is answered, or its result could not be read
        LATE.execute(() -> answer.completeExceptionally(
                new RegistryUnavailableException("no answer in " + PATIENCE, null, false)));
        write(id, kind, content);
        return answer;
    }

    private void write(int id, Wire.Kind kind, Content content) {
        try {
            writer.execute(() -> send(id, kind, content));
        } catch (RejectedExecutionException e) {
            end(new IOException("the store is closed", e));
        }
    }

    /** On the writing thread. Flushes with the last one that waits. */
    private void send(int id, Wire.Kind kind, Content content) {
        try {
            DataOutputStream to = out == null ? connect() : out;
            to.writeInt(id);
            to.writeByte(kind.code);
            content.write(to);
            if (writer.getQueue().isEmpty()) to.flush();
        } catch (IOException e) {
            end(e);
        }
    }

    private DataOutputStream connect() throws IOException {
        if (socket != null) throw new IOException("the connection to the stand-in was lost");
        Socket connected = new Socket();
        socket = connected;
        connected.connect(address, CONNECT_MILLIS);
        connected.setTcpNoDelay(true);
        DataInputStream in = new DataInputStream(new BufferedInputStream(connected.getInputStream(), 1 << 16));
        Thread reader = new Thread(() -> read(in), "stand-in-reader");
        reader.setDaemon(true);
        reader.start();
        DataOutputStream made = new DataOutputStream(new BufferedOutputStream(connected.getOutputStream(), 1 << 16));
        out = made;
        return made;
    }

    private void read(DataInputStream in) {
        try {
            while (true) {
                int id = in.readInt();
                byte kind = in.readByte();
                if (kind == Wire.CHANGED || kind == Wire.ENDED) report(id, kind, in);
                else answer(id, kind, in);
            }
        } catch (IOException e) {
            end(e);
        }
    }

    private void report(int id, byte kind, DataInputStream in) throws IOException {
        OpenWatch watch = watches.get(id);
        if (kind == Wire.CHANGED) {
            long revision = in.readLong();
            List<Change> changes = Wire.list(in, Wire::change);
            if (watch != null) watch.watcher.changed(revision, changes);
        } else {
            String why = Wire.text(in);
            if (watches.remove(id) != null && watch != null) watch.watcher.ended(new RegistryException(why, null));
        }
    }

    private void answer(int id, byte kind, DataInputStream in) throws IOException {
        Request<?> request = requests.remove(id);
        if (request == null) throw new IOException("an answer to request " + id + ", which is not open");
        switch (kind) {
            case Wire.RESULT -> request.complete(in);
            case Wire.LEASE_ENDED -> request.answer.completeExceptionally(new RegistryLeaseException(Wire.text(in)));
            case Wire.FAILED -> request.answer.completeExceptionally(new RegistryException(Wire.text(in), null));
            default -> throw new IOException("an answer of kind " + kind);
        }
    }

    /** Ends the connection, and all that was under way. Any thread. */
    private void end(IOException why) {
        closed = true;
        Socket connected = socket;
        try {
            if (connected != null) connected.close();
        } catch (IOException e) {
            why.addSuppressed(e);
        }
        requests.values()
                .forEach(request -> request.answer.completeExceptionally(
                        new RegistryUnavailableException("the connection to the stand-in has ended", why, false)));
        requests.clear();
        watches.values().forEach(watch -> watch.watcher.ended(new RegistryException("the stand-in has ended", why)));
        watches.clear();
    }

    private record Request<T>(Wire.Reader<T> reader, CompletableFuture<T> answer) {
        void complete(DataInputStream in) throws IOException {
            answer.complete(reader.read(in));
        }
    }

    private interface Content {
        void write(DataOutputStream out) throws IOException;
    }

    private final class OpenWatch implements Watch {
        private final int id;
        private final Watcher watcher;

        OpenWatch(int id, Watcher watcher) {
            this.id = id;
            this.watcher = watcher;
        }

        @Override
        public void close() {
            if (watches.remove(id) != null) write(ids.incrementAndGet(), Wire.Kind.UNWATCH, to -> to.writeInt(id));
        }
    }
}
