package org.relay4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The yamux implementations that stand at the other end, each in a program of {@code interop}. */
enum Peer {
    HASHICORP("hashicorp/yamux", "hashicorp", "go/go.mod", "hashicorp/yamux (v\\S+)"),
    FATEDIER("fatedier/yamux", "fatedier", "go/fatedier.mod", "=> github.com/fatedier/yamux (v\\S+)"),
    GO_YAMUX("libp2p/go-yamux", "go-yamux", "go/go.mod", "go-yamux/v5 (v\\S+)"),
    RUST("rust-yamux", "rust", "rust/Cargo.lock", "name = \"yamux\"\\s+version = \"([^\"]+)"),
    CHAINSAFE(
            "@chainsafe/libp2p-yamux",
            "chainsafe",
            "js/package-lock.json",
            "node_modules/@chainsafe/libp2p-yamux\": \\{\\s+\"version\": \"([^\"]+)"),
    YAMUX_JS("yamux-js", "yamux-js", "js/package-lock.json", "node_modules/yamux-js\": \\{\\s+\"version\": \"([^\"]+)");

    private static final Path FOLDER = Path.of(System.getProperty("relay.root"), "interop");

    private static final boolean NIGHTLY = Boolean.getBoolean("relay.nightly");

    /** As in the document. */
    final String title;

    private final String module; // as the program's -impl calls it
    private final Path manifest; // says which version is built in
    private final Pattern version;

    Peer(String title, String module, String manifest, String version) {
        this.title = title;
        this.module = module;
        this.manifest = Path.of(manifest);
        this.version = Pattern.compile(version);
    }

    /** Starts its program {@code yamuxpeer}, which is built when it is not there yet. */
    PeerProcess start(List<String> flags, String... arguments) throws IOException {
        return PeerProcess.start(title, command(), flags, arguments);
    }

    private List<String> command() {
        List<String> command = new ArrayList<>();
        switch (language()) {
            case "go" -> command.add(PeerPrograms.go("yamuxpeer").toString());
            case "rust" -> command.add(PeerPrograms.rust().toString());
            case "js" -> command.addAll(List.of("node", PeerPrograms.js().toString()));
            default -> throw new AssertionError(this);
        }
        if (this != RUST) command.addAll(List.of("-impl", module));
        return command;
    }

    private String language() {
        return manifest.getName(0).toString();
    }

    /** The version that is tested. */
    String version() throws IOException {
        Matcher found = version.matcher(Files.readString(FOLDER.resolve(manifest)));
        if (!found.find()) throw new AssertionError("no version of " + title + " in " + manifest);
        return found.group(1);
    }

    /** All, or those that {@code -Drelay.interop.peers=RUST,...} names. */
    static List<Peer> chosen() {
        String names = System.getProperty("relay.interop.peers");
        return names == null
                ? List.of(values())
                : Arrays.stream(names.split(",")).map(Peer::valueOf).toList();
    }

    /** Flags for windows of that size, and for pings as often as ours. */
    List<String> flags(Windows windows, String... more) {
        List<String> flags = windows.flags(more);
        if (this == RUST) {
            without(flags, "-keepalive"); // it has none
            if (windows == Windows.DEFAULT) without(flags, "-window"); // its windows grow when they are left alone
        }
        return flags;
    }

    private static void without(List<String> flags, String name) {
        int at = flags.indexOf(name);
        flags.subList(at, at + 2).clear();
    }

    /** Flags with which its {@code R} sends RST soon, though not at once. */
    String[] quickResets() {
        boolean cannotReset = this == HASHICORP || this == FATEDIER;
        return cannotReset ? new String[] {"-close-timeout", "100ms"} : new String[0];
    }

    /** Our windows when it opens the streams. */
    Windows drivesOver() {
        return this == YAMUX_JS ? Windows.LIKE_FRP : Windows.DEFAULT; // after a full window it waits for 100 ms
    }

    /** Bytes of its largest transfer in a nightly run: less where 1 GiB takes ten minutes. */
    long bulk() {
        return this == YAMUX_JS ? 8L << 20 : 1L << 30; // that one moves 2 MB/s, see drivesOver
    }

    /** Bytes of its largest transfer in this run. */
    long bulkNow() {
        return NIGHTLY ? bulk() : Math.min(bulk(), 16L << 20);
    }
}
