package org.relay4j.registry.etcd;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Transaction;
import org.relay4j.server.registry.Transaction.Condition;
import org.relay4j.server.registry.Transaction.Operation;
import org.relay4j.server.registry.Transaction.Put;

/** The bodies of requests to the gateway. Keys and values are in Base64. */
final class Requests {
    private static final byte[] NO_END = {0}; // the first key, and etcd's sign for all keys from the first one on

    private Requests() {}

    static String transaction(Transaction transaction) {
        Set<String> keys = new TreeSet<>(RegistryStore.KEY_ORDER);
        for (Condition condition : transaction.conditions()) keys.add(condition.key());
        return "{\"compare\":[" + list(transaction.conditions(), Requests::condition) + "],\"success\":["
                + list(transaction.operations(), Requests::operation) + "],\"failure\":[" + list(keys, Requests::key)
                + "]}";
    }

    private static <T> String list(Collection<T> elements, Function<T, String> json) {
        return elements.stream().map(json).collect(Collectors.joining(","));
    }

    private static String condition(Condition condition) {
        return "{\"target\":\"MOD\",\"result\":\"EQUAL\",\"key\":\"" + encoded(condition.key())
                + "\",\"mod_revision\":\"" + condition.revision() + "\"}";
    }

    private static String operation(Operation operation) {
        if (operation instanceof Put put) {
            return "{\"request_put\":{\"key\":\"" + encoded(put.key()) + "\",\"value\":\"" + encoded(put.value())
                    + "\",\"lease\":\"" + put.lease() + "\"}}";
        }
        return "{\"request_delete_range\":{\"key\":\"" + encoded(operation.key()) + "\"}}";
    }

    private static String key(String key) {
        return "{\"request_range\":{\"key\":\"" + encoded(key) + "\"}}";
    }

    /** Reads these keys at one revision. */
    static String read(Collection<String> keys) {
        Set<String> ordered = new TreeSet<>(RegistryStore.KEY_ORDER);
        ordered.addAll(keys);
        return "{\"success\":[" + list(ordered, Requests::key) + "]}";
    }

    /**
     * Reads some keys with a prefix, in their order.
     *
     * @param from the first key
     * @param revision 0 for the present
     */
    static String range(byte[] from, String prefix, int limit, long revision) {
        return "{\"key\":\"" + base64(from.length == 0 ? NO_END : from) + "\",\"range_end\":\"" + base64(end(prefix))
                + "\",\"limit\":\"" + limit + "\",\"revision\":\"" + revision + "\"}";
    }

    /** Reads one key with a prefix. */
    static String range(String prefix) {
        return range(prefix.getBytes(StandardCharsets.UTF_8), prefix, 1, 0);
    }

    /** Has one member read a key with a prefix: what it says may be late. */
    static String localRange(String prefix) {
        return "{\"serializable\":true," + range(prefix).substring(1);
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
        return "{\"create_request\":{\"key\":\"" + encoded(first.isEmpty() ? "\0" : first) + "\",\"range_end\":\""
                + lastEnd(prefixes) + "\",\"start_revision\":\"" + from + "\"}}";
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

    private static String encoded(String text) {
        return base64(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
