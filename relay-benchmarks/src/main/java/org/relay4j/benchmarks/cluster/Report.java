package org.relay4j.benchmarks.cluster;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the results of a run: prints a line of JSON for each part, and writes all of them to {@code results.jsonl} and {@code table.md} of
 * a folder after each part, so that an interrupted run has left what it has measured. For one thread.
 */
final class Report {
    private final PrintStream out;
    private final @Nullable Path folder;
    private final List<Result> results = new ArrayList<>();

    /** @param folder null: nothing is written */
    Report(PrintStream out, @Nullable Path folder) throws IOException {
        this.out = out;
        this.folder = folder;
        if (folder != null) Files.createDirectories(folder);
    }

    /** Returns whether the machine has carried this part. */
    boolean add(Result result) throws IOException {
        results.add(result);
        out.println(result.json());
        if (folder != null) {
            Files.write(
                    folder.resolve("results.jsonl"),
                    results.stream().map(Result::json).toList());
            Files.writeString(folder.resolve("table.md"), Table.of(results) + "\n");
        }
        return Boolean.TRUE.equals(result.get("carried"));
    }

    /** Writes the warnings that the nodes have logged. */
    void warnings(List<String> lines) throws IOException {
        if (folder != null) Files.write(folder.resolve("warnings.txt"), lines);
    }

    List<Result> results() {
        return results;
    }
}
