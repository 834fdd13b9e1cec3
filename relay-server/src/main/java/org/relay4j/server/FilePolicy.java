package org.relay4j.server;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.files.FileStamp;
import org.relay4j.server.files.FileWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clients of a TOML file, which is read again when it changes. Safe for use by several threads. */
final class FilePolicy implements TunnelPolicy {
    private static final Logger log = LoggerFactory.getLogger(FilePolicy.class);

    private final Path file;
    private final Duration interval; // between two checks of the file
    private final ReentrantLock reading = new ReentrantLock(); // one reader at a time; held while the file is read
    private final ReentrantLock lock = new ReentrantLock(); // never held while something else is called
    private final List<Consumer<String>> watchers = new ArrayList<>(); // guarded by lock
    private @Nullable FileWatch watch; // while there are watchers; guarded by lock
    private volatile Map<String, NamedClient> clients;
    private FileStamp read; // of the version that was read last, whether it could be used or not; guarded by reading

    /** @throws IOException if the file cannot be used; the message says where and why */
    FilePolicy(Path file, Duration interval) throws IOException {
        this.file = file;
        this.interval = interval;
        read = FileStamp.of(file);
        clients = ClientsFile.read(file);
    }

    @Override
    public CompletionStage<Optional<NamedClient>> find(String name) {
        return CompletableFuture.completedFuture(Optional.ofNullable(clients.get(name)));
    }

    @Override
    public boolean mayGrant(Endpoint endpoint) {
        return clients.values().stream().anyMatch(each -> each.limits().allows(endpoint));
    }

    @Override
    public Closeable watch(Consumer<String> revoked) {
        lock.lock();
        try {
            watchers.add(revoked);
            if (watch == null) watch = new FileWatch(interval, this::reload);
        } finally {
            lock.unlock();
        }
        return () -> unwatch(revoked);
    }

    private void unwatch(Consumer<String> revoked) {
        lock.lock();
        try {
            watchers.remove(revoked);
            if (!watchers.isEmpty() || watch == null) return;
            watch.close();
            watch = null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Reads the file if it has changed. If it cannot be used, the clients stay as they are, and the next change is awaited.
     * Blocks until it is read.
     */
    void reload() {
        reading.lock();
        try {
            FileStamp now = FileStamp.of(file);
            if (now.equals(read)) return;
            read = now;
            Map<String, NamedClient> before = clients;
            clients = ClientsFile.read(file);
            Set<String> revoked = ClientsFile.revoked(before, clients);
            log.info("{}: read again, {} clients, {} removed or with other keys", file, clients.size(), revoked.size());
            for (String name : revoked) revoke(name);
        } catch (IOException e) {
            log.error("the changed file cannot be used, the clients stay as they were: {}", e.getMessage());
        } finally {
            reading.unlock();
        }
    }

    private void revoke(String name) {
        List<Consumer<String>> all;
        lock.lock();
        try {
            all = List.copyOf(watchers);
        } finally {
            lock.unlock();
        }
        for (Consumer<String> watcher : all) watcher.accept(name);
    }

    @Override
    public String toString() {
        return "clients of " + file;
    }
}
