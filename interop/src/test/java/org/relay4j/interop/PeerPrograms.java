package org.relay4j.interop;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The programs of {@code interop}, built for this run at the first use of each language. Without its tools the tests fail,
 * they are not skipped.
 */
final class PeerPrograms {
    private static final long BUILD_SECONDS = 110; // the first build on a machine compiles Go's library too

    private static final Path ROOT = Path.of(System.getProperty("relay.root"));
    private static final Path LOCK = ROOT.resolve("interop/target/programs.lock");
    private static final Path GO_TARGET = ROOT.resolve("relay-client/target/interop");
    private static final String GO = "Go on the PATH (https://go.dev/dl/)";
    private static final Map<String, Path> BUILT = new ConcurrentHashMap<>();

    private PeerPrograms() {}

    /** The executable of this name in {@code interop/go/cmd}. */
    static Path go(String program) {
        return BUILT.computeIfAbsent("go", language -> buildGo()).resolve(program);
    }

    /** The executable {@code http3} of {@code interop/quic}. */
    static Path http3() {
        return BUILT.computeIfAbsent("quic", module -> buildQuic());
    }

    /** The executable {@code yamuxpeer} of {@code interop/rust}. */
    static Path rust() {
        return BUILT.computeIfAbsent("rust", language -> buildRust()).resolve("yamuxpeer");
    }

    /** The script {@code yamuxpeer.mjs} of {@code interop/js}, with its installed dependencies. */
    static Path js() {
        return BUILT.computeIfAbsent("js", language -> installJs()).resolve("yamuxpeer.mjs");
    }

    private static Path buildGo() {
        Path source = ROOT.resolve("interop/go");
        run(source, GO, "go", "build", "-o", GO_TARGET + "/", "./cmd/...");
        String fork = GO_TARGET.resolve("yamuxpeer-fatedier").toString();
        run(source, GO, "go", "build", "-modfile=fatedier.mod", "-o", fork, "./cmd/yamuxpeer");
        return GO_TARGET;
    }

    private static Path buildQuic() {
        Path program = GO_TARGET.resolve("http3");
        run(ROOT.resolve("interop/quic"), GO, "go", "build", "-o", program.toString(), ".");
        return program;
    }

    private static Path buildRust() {
        Path source = ROOT.resolve("interop/rust");
        run(
                source,
                "Rust's cargo on the PATH (https://rustup.rs)",
                "cargo",
                "build",
                "--release",
                "--locked",
                "--quiet");
        return source.resolve("target/release");
    }

    private static Path installJs() {
        Path source = ROOT.resolve("interop/js");
        Path installed = source.resolve("node_modules/.package-lock.json"); // npm's list of installed packages
        try {
            boolean fresh = Files.exists(installed)
                    && Files.getLastModifiedTime(installed)
                                    .compareTo(Files.getLastModifiedTime(source.resolve("package-lock.json")))
                            >= 0;
            if (!fresh) run(source, "Node.js with npm on the PATH (https://nodejs.org)", "npm", "ci", "--no-audit");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return source;
    }

    /** One at a time, also where several JVMs share the tests: they build to the same places. */
    private static void run(Path folder, String needs, String... command) {
        try (FileChannel channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (!lock.isValid()) throw new AssertionError("no lock of " + LOCK);
            runLocked(folder, needs, command);
        } catch (IOException e) {
            throw new AssertionError("cannot lock " + LOCK, e);
        }
    }

    private static void runLocked(Path folder, String needs, String... command) {
        String said = String.join(" ", List.of(command));
        try {
            Process build = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                    .start();
            if (!build.waitFor(BUILD_SECONDS, TimeUnit.SECONDS)) {
                build.destroyForcibly();
                throw new AssertionError(said + " has not ended within " + BUILD_SECONDS + " s");
            }
            if (build.exitValue() != 0) throw new AssertionError(said + " has failed, see its output above");
        } catch (IOException e) {
            throw new AssertionError("these tests need " + needs, e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted in " + said, e);
        }
    }
}
