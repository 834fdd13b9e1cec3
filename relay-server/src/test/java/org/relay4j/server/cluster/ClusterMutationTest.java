package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests the tests of the logic of a node: it is compiled without one of its rules at a time, and the simulation or a test of a single
 * case must find that. Each build does so with one of them, the nightly run with all; {@code -Drelay.simulation.mutation=<regular expression>} selects some, and
 * {@code -Drelay.simulation.seeds=<n>} sets the number of seeds.
 */
@Tag("slow")
class ClusterMutationTest {
    private static final Path SOURCES = Path.of("src/main/java/org/relay4j/server/cluster");
    private static final String PACKAGE = ClusterMutationTest.class.getPackageName() + ".";
    private static final @Nullable String CHOSEN = System.getProperty("relay.simulation.mutation");
    private static final int SEEDS = Integer.getInteger("relay.simulation.seeds", 60);
    private static final List<String> SINGLE_CASES = List.of("ClusterNodeTest", "RestoreTest", "DamagedEntriesTest");

    @TempDir
    private Path folder;

    /** Replaces a text that occurs exactly once in a file. */
    record Mutation(String fault, String file, String before, String after) {
        @Override
        public String toString() {
            return fault;
        }
    }

    static Stream<Mutation> chosen() {
        String all = Boolean.getBoolean("relay.nightly") ? "" : "^a takeover keeps the epoch$";
        Pattern pattern = Pattern.compile(CHOSEN == null ? all : CHOSEN);
        return mutations().filter(each -> pattern.matcher(each.fault).find());
    }

    private static Stream<Mutation> mutations() {
        return Stream.of(claims(), deadlines(), outcomes(), others()).flatMap(List::stream);
    }

    /** In each build, so that a change of the code is followed at once. */
    @Test
    void eachTextIsThereOnce() throws IOException {
        for (Mutation each : mutations().toList()) mutate(Files.readString(SOURCES.resolve(each.file)), each);
    }

    private static List<Mutation> claims() {
        return List.of(
                new Mutation(
                        "the epoch of a record is not compared",
                        "Repair.java",
                        "if (record != null && record.stored().epoch() > tunnel.epoch) return new Verdict(LossReason.TAKEN, lost);",
                        ""),
                new Mutation(
                        "the epoch of a claim is not compared",
                        "Repair.java",
                        "return claim.epoch() > holding.epoch ? LossReason.TAKEN : null;",
                        "return null;"),
                new Mutation(
                        "a takeover keeps the epoch",
                        "TakeAttempt.java",
                        "epoch = request.alone ? Epoch.after(newest(stored), seen.revision()) : stored.stored().epoch();",
                        "epoch = stored.stored().epoch();"),
                new Mutation(
                        "a takeover does not follow the epochs of claims",
                        "TakeAttempt.java",
                        "newest = Math.max(newest, each.epoch());",
                        "newest = Math.max(newest, 0);"),
                new Mutation(
                        "a tunnel is shared while a claim is missing",
                        "TakeAttempt.java",
                        "if (claimed == null && !request.alone) {",
                        "if (claimed == null && seen == null) {"),
                new Mutation(
                        "a claim does not depend on its absence",
                        "ClaimAttempt.java",
                        "batch.expect(claimKey, displaced == null ? 0 : displaced.revision());",
                        ""),
                new Mutation(
                        "a claim that has waited is made although its tunnel has ended",
                        "ClaimAttempt.java",
                        "boolean isOver = asked != null && asked != carried;",
                        "boolean isOver = false;"),
                new Mutation(
                        "a claim of another tunnel is overwritten",
                        "Repair.java",
                        "return isFromBackup(claim, holding) ? null : LossReason.CONFLICT;",
                        "return null;"),
                new Mutation(
                        "what is on the lease of another node is released",
                        "Repair.java",
                        "return entry.lease() == presence.claims();\n    }\n\n    private static void delete",
                        "return true;\n    }\n\n    private static void delete"),
                new Mutation(
                        "a claim is put on the lease of routes",
                        "Repair.java",
                        "batch.put(key, own.toString(), presence.claims());",
                        "batch.put(key, own.toString(), presence.routes());"),
                new Mutation(
                        "claims stay on the lease of a node that is gone",
                        "Repair.java",
                        "return view.isRegistered(node) && !tunnel.isDeserted(node.name(), entry) && !isIdle(node.name(), entry, tunnel);",
                        "return true;"));
    }

    private static List<Mutation> deadlines() {
        return List.of(
                new Mutation(
                        "the deadline is counted from the answer",
                        "Presence.java",
                        "fence.extend(end);",
                        "fence.extend(end(access.now()));"),
                new Mutation(
                        "the deadline of claims that were not compared for a while is extended",
                        "Presence.java",
                        "if (fence.allows(end - longest.toNanos())) {",
                        "if (fence != null) {"),
                new Mutation(
                        "the deadline has no margin",
                        "Presence.java",
                        "return sentAt + times.claim().minus(times.margin()).toNanos();",
                        "return sentAt + times.claim().toNanos();"),
                new Mutation(
                        "the deadline is not observed",
                        "ClusterNode.java",
                        "(holding.fixed || holding.fence.allows(now))",
                        "(holding.fixed || now == now)"),
                new Mutation(
                        "a new lease extends the deadline of claims on the one before",
                        "Presence.java",
                        "fence = new Fence(end(sentAt)); // claims on the lease before keep their own",
                        "fence.extend(end(sentAt));"),
                new Mutation(
                        "the deadline does not depend on the node whose lease a claim is on",
                        "Sync.java",
                        "each.fence = each.fence.limited(limit);",
                        "each.fence = each.fence;"));
    }

    private static List<Mutation> outcomes() {
        return List.of(
                new Mutation(
                        "an unknown outcome counts as none",
                        "Parts.java",
                        "return !(why instanceof RegistryUnavailableException unknown) || unknown.isOutcomeKnown();",
                        "return true;"),
                new Mutation(
                        "an unknown outcome is read while the transaction may still be made",
                        "Writer.java",
                        "presence.settle(self, () -> readBack(transaction, outcome, unsettled), unsettled);",
                        "readBack(transaction, outcome, unsettled);"),
                new Mutation(
                        "a transaction does not depend on the entry of its node",
                        "Writer.java",
                        "Transaction fenced = transaction.ifAt(access.selfKey(), self);",
                        "Transaction fenced = transaction;"));
    }

    private static List<Mutation> others() {
        return List.of(
                new Mutation(
                        "routes of a node that is back are kept for ten seconds only, although they cannot be seen",
                        "Member.java",
                        "if (!current) returnedAt = now;",
                        ""),
                new Mutation(
                        "routes of a node that is back are dropped if it is read before it has put them",
                        "View.java",
                        "return member != null && member.lease != entry.lease();",
                        "return false;"),
                new Mutation(
                        "routes of a node that answers on its links are not kept",
                        "View.java",
                        "return member != null && member.isHeard(access.now());",
                        "return false;"),
                new Mutation(
                        "a tunnel that two nodes leave to each other is given back",
                        "Repair.java",
                        "if (tunnel.isLeft() || !tunnel.sharers().isEmpty()) return true;",
                        ""),
                new Mutation(
                        "a node that cannot be heard does not count as a sharer",
                        "Repair.java",
                        "if (tunnel.isLeft() || !tunnel.sharers().isEmpty()) return true;",
                        "if (tunnel.isLeft()) return true;"),
                new Mutation(
                        "tunnels that a node has left are not looked at again",
                        "Ghosts.java",
                        "if (ghosts.size() < MOST) ghosts.put(id, ghost);",
                        ""),
                new Mutation(
                        "a watch that has ended is not replaced",
                        "Watching.java",
                        "closeInbox(); readAt = access.now(); tick();",
                        "closed = true;"),
                new Mutation(
                        "no comparison follows a watch",
                        "Watching.java",
                        "refreshAt = access.firstTime(SECOND_LOOK, 17);",
                        "refreshAt = access.firstTime(interval, 17);"),
                new Mutation(
                        "an entry that the watch has passed without showing it counts as shown",
                        "Watching.java",
                        "} else if (revision == echoShown) {",
                        "} else if (revision <= newest) {"),
                new Mutation(
                        "the entry of a node's last process, from a backup, counts as that of a process that runs",
                        "Presence.java",
                        "return entry.revision() < writtenAt && !isOwn(entry);",
                        "return false;"),
                new Mutation(
                        "a claim from a backup counts as newer",
                        "Repair.java",
                        "return claim.epoch() < holding.epoch && holding.fence.allows(access.now());",
                        "return false;"),
                new Mutation(
                        "what a backup brings back is not released",
                        "Strays.java",
                        "again.retainAll(found.keySet());",
                        "again.clear();"));
    }

    @ParameterizedTest
    @MethodSource("chosen")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void isFound(Mutation mutation) throws Exception {
        Path classes = compile(mutation);
        try (Mutated loader = new Mutated(classes)) {
            String found = bySimulation(loader);
            if (found == null) found = bySingleCases(loader);
            if (found == null) fail("not found with " + SEEDS + " seeds and by no test of a single case: " + mutation);
            System.out.println(mutation + ": found by " + found);
        }
    }

    private static @Nullable String bySimulation(Mutated loader) throws ReflectiveOperationException {
        Method simulate = loader.loadClass(PACKAGE + "ClusterSimulationTest").getDeclaredMethod("simulate", long.class);
        simulate.setAccessible(true);
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                simulate.invoke(null, seed);
            } catch (InvocationTargetException e) {
                return "seed " + seed + ": " + firstLine(e.getCause());
            }
        }
        return null;
    }

    private static @Nullable String bySingleCases(Mutated loader) throws ReflectiveOperationException {
        for (String name : SINGLE_CASES) {
            Class<?> test = loader.loadClass(PACKAGE + name);
            Constructor<?> constructor = test.getDeclaredConstructor();
            constructor.setAccessible(true);
            for (Method each : test.getDeclaredMethods()) {
                if (!each.isAnnotationPresent(Test.class)) continue;
                each.setAccessible(true);
                try {
                    each.invoke(constructor.newInstance());
                } catch (InvocationTargetException e) {
                    return name + "." + each.getName() + ": " + firstLine(e.getCause());
                }
            }
        }
        return null;
    }

    private static String firstLine(Throwable failure) {
        return String.valueOf(failure).lines().findFirst().orElse("");
    }

    /** Compiles a copy of the package with the fault. */
    private Path compile(Mutation mutation) throws IOException {
        List<Path> sources = new ArrayList<>();
        Path copy = Files.createDirectory(folder.resolve("sources"));
        Path classes = Files.createDirectory(folder.resolve("classes"));
        try (Stream<Path> all = Files.list(SOURCES)) {
            for (Path each : all.toList()) {
                String text = Files.readString(each);
                if (each.endsWith(mutation.file)) text = mutate(text, mutation);
                sources.add(Files.writeString(copy.resolve(each.getFileName()), text));
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, Locale.ROOT, null)) {
            List<String> options = List.of(
                    "-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path"), "-d", classes.toString());
            boolean compiled = compiler.getTask(
                            null, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
                    .call();
            assertTrue(compiled, "the mutated sources cannot be compiled: " + mutation);
        }
        return classes;
    }

    private static String mutate(String text, Mutation mutation) {
        // However the formatter breaks the lines.
        String words =
                Stream.of(mutation.before.split("\\s+")).map(Pattern::quote).collect(Collectors.joining("\\s+"));
        Matcher matcher = Pattern.compile(words).matcher(text);
        assertEquals(
                1,
                matcher.results().count(),
                "occurrences of the text that is replaced, in " + mutation.file + "; adapt the mutation: " + mutation);
        return matcher.replaceFirst(Matcher.quoteReplacement(mutation.after));
    }

    /** Loads the package from the mutated classes, and its tests anew. */
    private static final class Mutated extends URLClassLoader {
        Mutated(Path classes) throws IOException, URISyntaxException {
            super(
                    new URL[] {
                        classes.toUri().toURL(),
                        ClusterMutationTest.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                    },
                    ClusterMutationTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(PACKAGE)) return super.loadClass(name, resolve);
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : findClass(name);
        }
    }
}
