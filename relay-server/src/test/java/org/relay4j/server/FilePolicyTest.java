package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;

@ExtendWith(LeakCheck.class)
class FilePolicyTest {
    private static final String ALICE = "[clients.alice]\nkey = \"" + ClientsFileTest.KEY + "\"\n";
    private static final String BOB = "[clients.bob]\ncertificate = true\n";

    @TempDir
    private Path folder;

    private Path file;
    private final List<Closeable> closeables = new ArrayList<>();
    private final List<String> revoked = new CopyOnWriteArrayList<>();

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("clients.toml");
        write(ALICE + BOB);
    }

    @AfterEach
    void unwatch() throws IOException {
        for (Closeable watch : closeables) watch.close();
    }

    /** Each version has another file key, as an editor or a tool that replaces the file gives it. */
    private void write(String text) throws IOException {
        Path next = Files.createTempFile(folder, "next", ".toml");
        Files.writeString(next, text);
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void namesOfTheFileAreKnown() throws Exception {
        TunnelPolicy policy = TunnelPolicy.ofFile(file);
        assertTrue(find(policy, "alice").isPresent());
        assertTrue(find(policy, "bob").orElseThrow().certificate());
        assertEquals(Optional.empty(), find(policy, "carol"));
        assertEquals("clients of " + file, policy.toString());
    }

    @Test
    void unusableFileAtTheStartIsAnError() throws IOException {
        write("[clients.alice]\n");
        String error =
                assertThrows(IOException.class, () -> TunnelPolicy.ofFile(file)).getMessage();
        assertTrue(error.startsWith(file + ":1:1: the client \"alice\" cannot prove its name"), error);
    }

    @Test
    void changesTakeEffectAndRevokeNames() throws Exception {
        FilePolicy policy = new FilePolicy(file, Duration.ofHours(1));
        closeables.add(policy.watch(revoked::add));
        write(ALICE + "ports = [5432]\n[clients.carol]\ncertificate = true\n");
        policy.reload();
        assertEquals(5432, find(policy, "alice").orElseThrow().limits().ownPort());
        assertEquals(Optional.empty(), find(policy, "bob"));
        assertTrue(find(policy, "carol").isPresent());
        assertEquals(List.of("bob"), revoked);
    }

    @Test
    void brokenChangeIsReportedOnceAndChangesNothing() throws Exception {
        FilePolicy policy = new FilePolicy(file, Duration.ofHours(1));
        closeables.add(policy.watch(revoked::add));
        try (Logged log = Logged.below("org.relay4j.server")) {
            write("[clients.alice]\nkye = 1\n");
            policy.reload();
            policy.reload();
            Files.delete(file);
            policy.reload();
            policy.reload();
            assertEquals(
                    List.of(
                            "ERROR the changed file cannot be used, the clients stay as they were: " + file
                                    + ":2:1: unknown key \"kye\"; did you mean \"key\"?",
                            "ERROR the changed file cannot be used, the clients stay as they were: " + file
                                    + ": no such file"),
                    log.lines());
            assertTrue(find(policy, "alice").isPresent());
            assertEquals(List.of(), revoked);
            write(BOB);
            policy.reload();
            assertEquals("INFO " + file + ": read again, 1 clients, 1 removed or with other keys", log.await("INFO"));
        }
        assertEquals(List.of("alice"), revoked);
    }

    @Test
    void fileThatHasNotChangedIsNotReadAgain() throws Exception {
        FilePolicy policy = new FilePolicy(file, Duration.ofHours(1));
        try (Logged log = Logged.below("org.relay4j.server")) {
            policy.reload();
            assertEquals(List.of(), log.lines());
        }
    }

    @Test
    void changeIsNoticedWhileTheFileIsWatched() throws Exception {
        FilePolicy policy = new FilePolicy(file, Duration.ofMillis(1));
        List<String> second = new CopyOnWriteArrayList<>();
        Closeable one = policy.watch(revoked::add);
        Closeable two = policy.watch(second::add);
        write(ALICE);
        Await.until("bob is revoked", () -> second.equals(List.of("bob")));
        one.close();
        one.close();
        write("");
        Await.until("alice is revoked", () -> second.equals(List.of("bob", "alice")));
        two.close();
        assertEquals(List.of("bob"), revoked);
    }

    @Test
    void failureOfAWatcherDoesNotEndTheWatch() throws Exception {
        FilePolicy policy = new FilePolicy(file, Duration.ofMillis(1));
        closeables.add(policy.watch(name -> {
            revoked.add(name);
            throw new IllegalStateException("on purpose");
        }));
        try (Logged log = Logged.below("org.relay4j.server")) {
            write(ALICE);
            log.await("unexpected failure while checking for changed files");
            write("");
            Await.until("alice is revoked", () -> revoked.contains("alice"));
        }
    }

    /** A program that does not use files does not need the library that reads them. */
    @Test
    void missingLibraryIsNamed() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.contains("tomlj")) urls.add(Path.of(entry).toUri().toURL());
        }
        ClassLoader platform = ClassLoader.getPlatformClassLoader();
        try (URLClassLoader loader = new URLClassLoader(urls.toArray(URL[]::new), platform)) {
            Class<?> policy = loader.loadClass(TunnelPolicy.class.getName());
            policy.getMethod("nobody").invoke(null);
            Throwable error = assertThrows(
                            InvocationTargetException.class,
                            () -> policy.getMethod("ofFile", Path.class).invoke(null, file))
                    .getCause();
            assertInstanceOf(IllegalStateException.class, error);
            assertEquals(
                    "cannot read " + file + " without the library org.tomlj:tomlj; add it to the dependencies",
                    error.getMessage());
        }
    }

    private static Optional<NamedClient> find(TunnelPolicy policy, String name) throws Exception {
        return policy.find(name).toCompletableFuture().get();
    }
}
