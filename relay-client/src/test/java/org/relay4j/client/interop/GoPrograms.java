package org.relay4j.client.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The Go programs of {@code interop/go}, built for this run. Without Go the tests fail, they are not skipped. */
final class GoPrograms {
    private static final long BUILD_SECONDS = 110; // the first build on a machine compiles Go's library too

    private static @Nullable Path folder; // guarded by the class

    private GoPrograms() {}

    /** The executable of this name, built at the first call. */
    static synchronized Path path(String program) {
        if (folder == null) folder = build();
        return folder.resolve(program);
    }

    private static Path build() {
        Path root = Path.of(System.getProperty("relay.root"));
        Path target = root.resolve("relay-client/target/interop");
        ProcessBuilder go = new ProcessBuilder("go", "build", "-o", target + "/", "./cmd/...")
                .directory(root.resolve("interop/go").toFile())
                .inheritIO();
        try {
            Process build = go.start();
            if (!build.waitFor(BUILD_SECONDS, TimeUnit.SECONDS)) {
                build.destroyForcibly();
                throw new AssertionError("go build has not ended within " + BUILD_SECONDS + " s");
            }
            if (build.exitValue() != 0) throw new AssertionError("go build has failed, see its output above");
            return target;
        } catch (IOException e) {
            throw new AssertionError("these tests need Go on the PATH (https://go.dev/dl/)", e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while building the Go programs", e);
        }
    }
}
