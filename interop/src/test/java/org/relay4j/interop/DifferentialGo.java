package org.relay4j.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.testing.Call;

/** The program {@code differential}: one side of a script, played with hashicorp/yamux. */
final class DifferentialGo implements AutoCloseable {
    private static final String LISTENS = "listening on ";
    private static final long SECONDS = 110; // the first build on a machine compiles Go's library too

    private static @Nullable Path program; // guarded by the class

    private final Process process;
    private final BufferedReader output;

    private DifferentialGo(Process process) {
        this.process = process;
        output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts it; {@code how} and {@code address} are {@code -listen} or {@code -dial}, and where. */
    static DifferentialGo start(char side, String role, DifferentialScript script, String how, String address)
            throws Exception {
        Process process = new ProcessBuilder(
                        build().toString(), "-side", String.valueOf(side), "-role", role, how, address)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var input = process.outputWriter(StandardCharsets.UTF_8)) {
            input.write(script.toString());
        }
        return new DifferentialGo(process);
    }

    private static synchronized Path build() throws Exception {
        if (program != null) return program;
        Path root = Path.of(System.getProperty("relay.root"));
        Path target = root.resolve("relay-client/target/interop/differential");
        Process build = new ProcessBuilder("go", "build", "-o", target.toString(), "./cmd/differential")
                .directory(root.resolve("interop/go").toFile())
                .inheritIO()
                .start();
        if (!build.waitFor(SECONDS, TimeUnit.SECONDS)) build.destroyForcibly();
        if (build.waitFor() != 0) throw new AssertionError("go build has failed, see its output above");
        program = target;
        return target;
    }

    /** The port on which it listens. */
    int port() {
        String line = Call.of(output::readLine).result();
        if (line == null || !line.startsWith(LISTENS)) throw new AssertionError("it printed " + line);
        return Integer.parseInt(line.substring(LISTENS.length()));
    }

    /** What the application saw of each stream. Waits for the end of the program. */
    List<String> outcomes() throws IOException, InterruptedException {
        Call<List<String>> reading = Call.of(() -> {
            List<String> lines = new ArrayList<>();
            for (String line; (line = output.readLine()) != null; ) lines.add(line);
            return lines;
        });
        List<String> lines = reading.result();
        if (process.waitFor() != 0) throw new AssertionError("it has ended with status " + process.exitValue());
        return lines;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
