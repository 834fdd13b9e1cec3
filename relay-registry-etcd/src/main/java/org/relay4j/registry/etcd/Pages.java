package org.relay4j.registry.etcd;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;

/**
 * Reads all entries with a prefix at one revision, a page at a time. If a page is longer than an answer may be, smaller ones are read.
 * Confined to the store's thread.
 */
final class Pages {
    /** The number of entries of one page, at first. */
    static final int MOST = 1_000;

    private final Calls calls;
    private final String prefix;
    private final long deadline; // by System.nanoTime
    private final List<Entry> all = new ArrayList<>();
    private int limit = MOST; // entries of the next page
    private long revision; // of the first page; 0 before it
    private byte[] from; // the first key of the next page, as etcd has it: perhaps no UTF-8
    private @Nullable Throwable tooLong; // the last answer that was

    Pages(Calls calls, String prefix, long deadline) {
        this.calls = calls;
        this.prefix = prefix;
        this.deadline = deadline;
        from = prefix.getBytes(StandardCharsets.UTF_8);
    }

    /** Reads on. */
    CompletableFuture<Snapshot> read() {
        return calls.send("/v3/kv/range", Requests.range(from, prefix, limit, revision), Call.Repeat.YES, deadline)
                .thenCompose(this::next)
                .exceptionallyCompose(this::failed);
    }

    /** Adds a page to the entries, and reads the next one if there is one. */
    private CompletableFuture<Snapshot> next(Json page) {
        if (revision == 0) revision = Answers.revision(page);
        List<Json> pairs = page.objects("kvs");
        for (Json pair : pairs) all.add(Answers.entry(pair));
        if (pairs.isEmpty() || !page.flag("more"))
            return CompletableFuture.completedFuture(new Snapshot(revision, all));
        byte[] last = Base64.getDecoder().decode(pairs.get(pairs.size() - 1).text("key"));
        from = Arrays.copyOf(last, last.length + 1);
        return read();
    }

    private CompletableFuture<Snapshot> failed(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof EtcdRefusal why && why.hasCode(Answer.OUT_OF_RANGE) && revision > 0) {
            return new Pages(calls, prefix, deadline).read(); // compacted between two pages
        }
        if (cause.getCause() instanceof Body.TooLong && limit > 1) {
            tooLong = cause;
            limit /= 2;
            return read();
        }
        return CompletableFuture.failedFuture(tooLong == null ? cause : tooLong); // the reason why time has run out
    }
}
