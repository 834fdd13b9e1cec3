package org.relay4j.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The loaded classes of relay.jar, with which a process starts in half of the time, as those of the packages do. It is made once for
 * each build of relay.jar: the tests start several hundred processes.
 */
final class ClassArchive {
    private static final long TRAINING = 60; // s

    private ClassArchive() {}

    /**
     * Returns the archive for the JVM of the tests, beside relay.jar. Makes it if it is missing, in one of the test JVMs. Null if this
     * JVM makes none; then the processes only start more slowly.
     */
    static @Nullable Path of(Path jar, Path java) {
        Path folder = jar.toAbsolutePath().getParent();
        Path archive = folder.resolve("relay-" + Runtime.version().feature() + ".jsa");
        Path lock = folder.resolve("relay.jsa.lock");
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            if (!held.isValid()) throw new IOException("cannot lock " + lock);
            boolean fresh = Files.exists(archive)
                    && Files.getLastModifiedTime(archive).compareTo(Files.getLastModifiedTime(jar)) > 0;
            if (!fresh) make(archive, jar, java);
            return Files.exists(archive) ? archive : null;
        } catch (IOException e) {
            throw new AssertionError("cannot make " + archive, e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while " + archive + " was made", e);
        }
    }

    private static void make(Path archive, Path jar, Path java) throws IOException, InterruptedException {
        Path state = Files.createTempDirectory(archive.getParent(), "training");
        Path log = archive.resolveSibling("relay.jsa.log");
        Path made = state.resolve("archive");
        Process training = new ProcessBuilder(List.of(
                        java.toString(),
                        "-XX:ArchiveClassesAtExit=" + made,
                        "-cp",
                        jar.toString(),
                        TrainingRun.class.getName(),
                        state.toString()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!training.waitFor(TRAINING, TimeUnit.SECONDS)) training.destroyForcibly();
        Files.deleteIfExists(archive); // of an earlier relay.jar
        if (Files.exists(made)) Files.move(made, archive);
        else System.err.println("no archive of classes was made, see " + log);
    }
}
