package org.relay4j.server.registry;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Changes that a store makes together, if conditions hold. Immutable; each method returns another one.
 *
 * <pre>{@code
 * Transaction.NONE.ifAbsent("c/tcp/5432").put("c/tcp/5432", "mine", lease);
 * }</pre>
 */
public record Transaction(List<Condition> conditions, List<Operation> operations) {
    /** Maximum number of conditions, and of operations: etcd allows 128 by default. */
    public static final int MOST = 128;

    /** Without a condition and without a change. */
    public static final Transaction NONE = new Transaction(List.of(), List.of());

    /**
     * The last change of a key was at this revision.
     *
     * @param revision 0 means that there is no such key
     */
    public record Condition(String key, long revision) {}

    /** A change. No two operations of a transaction have the same key. */
    public sealed interface Operation {
        String key();
    }

    /**
     * Sets the value of a key.
     *
     * @param lease with which the entry ends; 0 if with none
     */
    public record Put(String key, String value, long lease) implements Operation {
        /** @throws IllegalArgumentException if the key is empty, or if key or value is too long for a {@link RegistryStore} */
        public Put {
            if (key.isEmpty() || key.length() > RegistryStore.LONGEST_KEY) {
                throw new IllegalArgumentException("a key of " + key.length() + " characters");
            }
            if (value.length() > RegistryStore.LONGEST_VALUE) {
                throw new IllegalArgumentException("a value of " + value.length() + " characters: " + key);
            }
        }
    }

    /** Deletes a key, if it is there. */
    public record Delete(String key) implements Operation {}

    /** @throws IllegalArgumentException if there are more than {@link #MOST}, or if two operations have the same key */
    public Transaction {
        conditions = List.copyOf(conditions);
        operations = List.copyOf(operations);
        if (conditions.size() > MOST || operations.size() > MOST) {
            throw new IllegalArgumentException("more than " + MOST + " conditions or operations in one transaction");
        }
        Set<String> keys = new HashSet<>();
        for (Operation operation : operations) {
            if (!keys.add(operation.key()))
                throw new IllegalArgumentException("two operations with " + operation.key());
        }
    }

    /** Adds the condition that the last change of a key was at this revision; 0 means that there is no such key. */
    public Transaction ifAt(String key, long revision) {
        return new Transaction(with(conditions, new Condition(key, revision)), operations);
    }

    /** Adds the condition that there is no such key. */
    public Transaction ifAbsent(String key) {
        return ifAt(key, 0);
    }

    public Transaction put(String key, String value, long lease) {
        return new Transaction(conditions, with(operations, new Put(key, value, lease)));
    }

    public Transaction delete(String key) {
        return new Transaction(conditions, with(operations, new Delete(key)));
    }

    /**
     * For stores: checks that there is something to do.
     *
     * @throws IllegalArgumentException if there are no conditions and no operations
     */
    public void requireWork() {
        if (conditions.isEmpty() && operations.isEmpty()) throw new IllegalArgumentException("an empty transaction");
    }

    /**
     * For stores: checks the number of keys of a {@link RegistryStore#read}.
     *
     * @throws IllegalArgumentException if there are none, or more than {@link #MOST}
     */
    public static void requireKeys(Collection<String> keys) {
        if (keys.isEmpty() || keys.size() > MOST) {
            throw new IllegalArgumentException(keys.size() + " keys to read at once: it must be between 1 and " + MOST);
        }
    }

    private static <T> List<T> with(List<T> all, T another) {
        List<T> more = new ArrayList<>(all);
        more.add(another);
        return more;
    }
}
