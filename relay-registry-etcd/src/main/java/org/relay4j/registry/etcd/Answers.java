package org.relay4j.registry.etcd;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.relay4j.server.registry.Entry;

/** Reads the parts of etcd's answers. Each method throws IllegalArgumentException if the part is not as documented. */
final class Answers {
    private Answers() {}

    static long revision(Json answer) {
        return answer.object("header").number("revision");
    }

    static Entry entry(Json pair) {
        return new Entry(
                decoded(pair.text("key")),
                decoded(pair.text("value")),
                pair.number("mod_revision"),
                pair.number("lease"));
    }

    /** Returns the entries of a range. */
    static List<Entry> entries(Json range) {
        List<Entry> entries = new ArrayList<>();
        for (Json pair : range.objects("kvs")) entries.add(entry(pair));
        return entries;
    }

    /** Returns the entries of all ranges of a transaction. */
    static List<Entry> found(Json transaction) {
        List<Entry> entries = new ArrayList<>();
        for (Json response : transaction.objects("responses")) {
            entries.addAll(entries(response.object("response_range")));
        }
        return entries;
    }

    static String decoded(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }
}
