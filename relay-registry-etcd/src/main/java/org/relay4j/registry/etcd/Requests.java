package org.relay4j.registry.etcd;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Transaction;
import org.relay4j.server.registry.Transaction.Condition;
import org.relay4j.server.registry.Transaction.Operation;
import org.relay4j.server.registry.Transaction.Put;

/** The bodies of requests to the gateway. Keys and values are in Base64. */
final class Requests {
    private static final byte[] NO_END = {0}; // etcd's sign for all keys from the first one on

    private Requests() {}

    static String transaction(Transaction transaction) {
        StringBuilder body = new StringBuilder(256);
        Set<String> keys = new TreeSet<>(RegistryStore.KEY_ORDER);
        String between = "{\"compare\":[";
        for (Condition condition : transaction.conditions()) {
            keys.add(condition.key());
            body.append(between).append("{\"target\":\"MOD\",\"result\":\"EQUAL\",\"key\":\"");
            encode(body, condition.key());
            body.append("\",\"mod_revision\":\"").append(condition.revision()).append("\"}");
            between = ",";
        }
        if (keys.isEmpty()) body.append(between);
        between = "],\"success\":[";
        for (Operation operation : transaction.operations()) {
            body.append(between);
            operation(body, operation);
            between = ",";
        }
        if (transaction.operations().isEmpty()) body.append(between);
        body.append("],\"failure\":[");
        ranges(body, keys);
        return body.append("]}").toString();
    }

    private static void operation(StringBuilder body, Operation operation) {
        if (operation instanceof Put put) {
            body.append("{\"request_put\":{\"key\":\"");
            encode(body, put.key());
            body.append("\",\"value\":\"");
            encode(body, put.value());
            body.append("\",\"lease\":\"").append(put.lease()).append("\"}}");
        } else {
            body.append("{\"request_delete_range\":{\"key\":\"");
            encode(body, operation.key());
            body.append("\"}}");
        }
    }

    /** Reads these keys at one revision. */
    static String read(Collection<String> keys) {
        Set<String> ordered = new TreeSet<>(RegistryStore.KEY_ORDER);
        ordered.addAll(keys);
        StringBuilder body = new StringBuilder("{\"success\":[");
        ranges(body, ordered);
        return body.append("]}").toString();
    }

    private static void ranges(StringBuilder body, Set<String> keys) {
        String between = "";
        for (String key : keys) {
            body.append(between).append("{\"request_range\":{\"key\":\"");
            encode(body, key);
            body.append("\"}}");
            between = ",";
        }
    }

    /**
     * Reads some keys with a prefix, in their order.
     *
     * @param from the first key
     * @param revision 0 for the present
     */
    static String range(String from, String prefix, int limit, long revision) {
        StringBuilder body = new StringBuilder("{\"key\":\"");
        encode(body, from.isEmpty() ? "\0" : from);
        body.append("\",\"range_end\":\"").append(base64(end(prefix)));
        body.append("\",\"limit\":\"")
                .append(limit)
                .append("\",\"revision\":\"")
                .append(revision);
        return body.append("\"}").toString();
    }

    /** Has one member read a key with a prefix: what it says may be late. */
    static String localRange(String prefix) {
        return "{\"serializable\":true," + range(prefix, prefix, 1, 0).substring(1);
    }

    static String grant(long seconds) {
        return "{\"TTL\":\"" + seconds + "\"}";
    }

    static String lease(long lease) {
        return "{\"ID\":\"" + lease + "\"}";
    }

    static String login(String user, String password) {
        StringBuilder body = new StringBuilder("{\"name\":");
        Json.quote(body, user);
        body.append(",\"password\":");
        Json.quote(body, password);
        return body.append('}').toString();
    }

    /** Watches all keys from the first prefix to the end of the last one. */
    static String watch(Collection<String> prefixes, long from) {
        String first = Collections.min(prefixes, RegistryStore.KEY_ORDER);
        StringBuilder body = new StringBuilder("{\"create_request\":{\"key\":\"");
        encode(body, first.isEmpty() ? "\0" : first);
        body.append("\",\"range_end\":\"").append(lastEnd(prefixes));
        return body.append("\",\"start_revision\":\"")
                .append(from)
                .append("\"}}")
                .toString();
    }

    private static String lastEnd(Collection<String> prefixes) {
        byte[] last = new byte[0];
        for (String prefix : prefixes) {
            if (prefix.isEmpty()) return base64(NO_END);
            byte[] end = end(prefix);
            if (Arrays.compareUnsigned(end, last) > 0) last = end;
        }
        return base64(last);
    }

    /** Returns the least key that is greater than all with a prefix. */
    private static byte[] end(String prefix) {
        if (prefix.isEmpty()) return NO_END;
        byte[] end = prefix.getBytes(StandardCharsets.UTF_8);
        end[end.length - 1]++; // bytes of UTF-8 are at most 0xf4
        return end;
    }

    private static void encode(StringBuilder body, String text) {
        body.append(base64(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
