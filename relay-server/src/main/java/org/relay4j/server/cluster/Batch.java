package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.relay4j.server.registry.Transaction;

/** The changes of several tunnels in one transaction. */
final class Batch {
    /** Number of changes from which on no further tunnel is added. */
    static final int ENOUGH = 60;

    private final Map<String, Long> conditions = new LinkedHashMap<>();
    private final Map<String, Transaction.Operation> operations = new LinkedHashMap<>();

    /** Makes the changes depend on the revision of a key; 0 if it is not there. */
    void expect(String key, long revision) {
        conditions.put(key, revision);
    }

    void put(String key, String value, long lease) {
        operations.put(key, new Transaction.Put(key, value, lease));
    }

    void delete(String key) {
        if (operations.size() < Transaction.MOST) operations.putIfAbsent(key, new Transaction.Delete(key));
    }

    /** Returns whether so many keys have a condition or a change that no more should be added. */
    boolean isFull(int most) {
        return conditions.size() + operations.size() >= most;
    }

    boolean isEmpty() {
        return operations.isEmpty();
    }

    /** Returns whether another batch can be added: it fits, and does not concern the same keys. */
    boolean canAdd(Batch other) {
        int most = Transaction.MOST - 1; // one condition is added for the node itself
        return conditions.size() + other.conditions.size() <= most
                && operations.size() + other.operations.size() <= most
                && other.conditions.keySet().stream().noneMatch(conditions::containsKey)
                && other.operations.keySet().stream().noneMatch(operations::containsKey);
    }

    void add(Batch other) {
        conditions.putAll(other.conditions);
        operations.putAll(other.operations);
    }

    boolean isEnough() {
        return operations.size() >= ENOUGH;
    }

    List<Transaction.Operation> operations() {
        return new ArrayList<>(operations.values());
    }

    Transaction transaction() {
        List<Transaction.Condition> all = new ArrayList<>();
        conditions.forEach((key, revision) -> all.add(new Transaction.Condition(key, revision)));
        return new Transaction(all, operations());
    }
}
