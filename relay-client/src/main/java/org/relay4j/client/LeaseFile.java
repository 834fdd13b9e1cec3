package org.relay4j.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.control.LeaseWord;
import org.relay4j.api.tls.ProcessLock;
import org.relay4j.api.tls.SecretFile;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file that keeps the lease of one tunnel for the next process. Safe for use by several threads. */
final class LeaseFile {
    /*
     *   # Relay lease: anyone who can read this file can take over the tunnel
     *   for relay.example.com:7000 tls RELAY/1 port=5432
     *   lease <lease>
     *   endpoint <service> <endpoint>      for each service whose port or name the server has chosen
     *
     * The second line states the purpose of the lease, which is valid for nothing else. The file is replaced atomically, so a
     * reader never sees a part of it. One tunnel at a time has it: two would take the public port from each other, again and again.
     * A tunnel that closes gives it up at once, while its visitors finish, so that the next process can resume the tunnel.
     */
    private static final Logger log = LoggerFactory.getLogger(LeaseFile.class);
    private static final int LARGEST = 128 * 1024; // bytes
    private static final String COMMENT = "# Relay lease: anyone who can read this file can take over the tunnel";

    private final Path path;
    private final String purpose;
    private final ReentrantLock lock = OrderedLock.leaf("a lease file"); // held while the file is written
    private final Map<String, Endpoint> endpoints = new TreeMap<>(); // by service; guarded by lock
    private @Nullable ProcessLock owned; // guarded by lock
    private @Nullable String written; // the lease that is in the file; guarded by lock

    /** @param purpose one line: the server, whether the connection is encrypted, and the request */
    LeaseFile(Path path, String purpose) {
        this.path = path;
        this.purpose = purpose;
    }

    /** @throws RelayOptionException if a file can never be written there; the message says why */
    static void check(Path path) throws RelayOptionException {
        Path folder = path.toAbsolutePath().getParent();
        if (Files.isDirectory(path)) throw unusable("lease file " + path + " is a directory; name a file in it", null);
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw unusable(
                    "cannot write lease file " + path + ": " + folder
                            + " is not a directory in which this user may create files",
                    null);
        }
    }

    /**
     * Takes the file for one tunnel, until {@link #release}.
     *
     * @throws RelayOptionException if another tunnel has it; the message says what to do
     */
    void take() throws RelayOptionException {
        ProcessLock taken;
        try {
            taken = ProcessLock.take(path);
        } catch (IOException e) {
            throw unusable("cannot use lease file " + path + ": " + ProcessLock.reason(e), e);
        }
        if (taken == null) {
            throw unusable(
                    "lease file " + path
                            + " is in use by another tunnel; give each tunnel a file of its own, or stop the other",
                    null);
        }
        lock.lock();
        try {
            owned = taken;
        } finally {
            lock.unlock();
        }
    }

    private static RelayOptionException unusable(String message, @Nullable IOException cause) {
        return new RelayOptionException("leaseFile", message, cause);
    }

    /** Lets another tunnel have the file, which this one no longer changes. Has no effect without {@link #take}. */
    void release() {
        lock.lock();
        try {
            if (owned != null) owned.close();
        } catch (IOException e) {
            log.debug("cannot release the lease file {}: {}", path, e.toString());
        } finally {
            owned = null;
            lock.unlock();
        }
    }

    /**
     * Replaces the lease, unless the file belongs to another tunnel by now.
     *
     * @param before the lease that the file may have; null if none
     * @param after null to remove the file
     */
    void keep(@Nullable String before, @Nullable String after) throws IOException {
        lock.lock();
        try {
            if (owned == null) return;
            written = after;
            if (after != null) write(after);
            else if (before != null && before.equals(lease(lines()))) Files.deleteIfExists(path);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the endpoint of a service; null if there is none. */
    @Nullable
    Endpoint endpoint(String service) {
        lock.lock();
        try {
            return endpoints.get(service);
        } finally {
            lock.unlock();
        }
    }

    /** Keeps the endpoint of a service together with the lease; null to forget it. */
    void keepEndpoint(String service, @Nullable Endpoint endpoint) throws IOException {
        lock.lock();
        try {
            if (owned == null) return;
            if (endpoint == null) endpoints.remove(service);
            else endpoints.put(service, endpoint);
            if (written != null) write(written);
        } finally {
            lock.unlock();
        }
    }

    /** Reads the file. Returns the lease; null if there is none for this purpose. */
    @Nullable
    String read() {
        List<String> lines = lines();
        String lease = lease(lines);
        if (lease == null) return null;
        lock.lock();
        try {
            written = lease;
            for (String line : lines.subList(3, lines.size())) {
                String[] words = line.split(" ", -1);
                endpoints.put(words[1], Endpoint.parse(words[2]));
            }
        } finally {
            lock.unlock();
        }
        return lease;
    }

    private static boolean isEndpoint(String line) {
        String[] words = line.split(" ", -1);
        if (words.length != 3 || !words[0].equals("endpoint")) return false;
        try {
            return !Endpoint.parse(words[2]).isAny();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Returns the lines of the file; none if it cannot be read. */
    private List<String> lines() {
        byte[] content;
        try (InputStream in = Files.newInputStream(path)) {
            content = in.readNBytes(LARGEST);
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            log.warn("cannot read the lease file {}: {}; asking for a new tunnel", path, e.toString());
            return List.of();
        }
        List<String> lines = new String(content, StandardCharsets.UTF_8).lines().toList();
        return lines.isEmpty() ? List.of("") : lines;
    }

    /** Returns the lease in the lines of the file; null if there is none for this purpose. */
    private @Nullable String lease(List<String> lines) {
        if (lines.isEmpty()) return null;
        if (lines.size() >= 3 && lines.get(1).startsWith("for ") && lines.get(2).startsWith("lease ")) {
            String lease = lines.get(2).substring("lease ".length());
            if (LeaseWord.isValid(lease) && lines.stream().skip(3).allMatch(LeaseFile::isEndpoint)) {
                if (lines.get(1).equals("for " + purpose)) return lease;
                log.info("the lease file {} is for another tunnel; asking for a new one", path);
                return null;
            }
        }
        log.warn("the lease file {} is malformed; asking for a new tunnel", path);
        return null;
    }

    /** Writes the lease, in place of any other. */
    void write(String lease) throws IOException {
        StringBuilder text = new StringBuilder(COMMENT + "\nfor " + purpose + "\nlease " + lease + "\n");
        endpoints.forEach((service, endpoint) -> text.append("endpoint ")
                .append(service)
                .append(' ')
                .append(endpoint)
                .append('\n'));
        Path next = path.resolveSibling(path.getFileName() + ".new");
        Files.deleteIfExists(next); // left by a process that was killed
        try (FileChannel channel = SecretFile.create(next)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) channel.write(bytes);
            channel.force(true);
        }
        try {
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(next, path, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
