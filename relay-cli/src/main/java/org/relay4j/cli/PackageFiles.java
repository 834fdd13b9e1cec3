package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the files of a package that follow from the grammar of the command line: the manual page and the completions for bash,
 * zsh and fish.
 */
public final class PackageFiles {
    private PackageFiles() {}

    /** Writes the files to a folder, the only argument. */
    public static void main(String[] args) throws IOException {
        if (args.length != 1) throw new IllegalArgumentException("usage: PackageFiles <folder>");
        Path folder = Files.createDirectories(Path.of(args[0]));
        Files.writeString(folder.resolve("relay.1"), ManualPage.text());
        Files.writeString(folder.resolve("relay.bash"), Completion.bash());
        Files.writeString(folder.resolve("_relay"), Completion.zsh());
        Files.writeString(folder.resolve("relay.fish"), Completion.fish());
    }
}
