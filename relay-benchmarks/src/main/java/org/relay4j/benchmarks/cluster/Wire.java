package org.relay4j.benchmarks.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/**
 * The values between a {@link StandInStore} and its {@link StandInRegistry}: numbers as {@link DataOutputStream} writes them, text and
 * lists with their length before them.
 *
 * <p>A request is its number, its kind and its arguments. An answer is the number of the request, {@link #RESULT} and the result, or
 * {@link #LEASE_ENDED} or {@link #FAILED} and the reason. A watch that is open gets {@link #CHANGED} and {@link #ENDED} under the
 * number of its request.
 */
final class Wire {
    enum Kind {
        GRANT(1),
        RENEW(2),
        REVOKE(3),
        COMMIT(4),
        READ(5),
        READ_ALL(6),
        WATCH(7),
        UNWATCH(8);

        final int code;

        Kind(int code) {
            this.code = code;
        }

        static Kind of(byte code) throws IOException {
            for (Kind each : values()) {
                if (each.code == code) return each;
            }
            throw new IOException("a request of kind " + code);
        }
    }

    static final byte RESULT = 0;
    static final byte LEASE_ENDED = 1;
    static final byte FAILED = 2;
    static final byte CHANGED = 3;
    static final byte ENDED = 4;

    private static final int MOST_ELEMENTS = 1 << 20;
    private static final int MOST_BYTES = 4 * RegistryStore.LONGEST_VALUE;

    private Wire() {}

    interface Reader<T> {
        T read(DataInputStream in) throws IOException;
    }

    interface Writer<T> {
        void write(DataOutputStream out, T value) throws IOException;
    }

    static void text(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static String text(DataInputStream in) throws IOException {
        byte[] bytes = new byte[length(in, MOST_BYTES)];
        in.readFully(bytes);
        return new String(bytes, UTF_8);
    }

    private static int length(DataInputStream in, int most) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > most) throw new IOException("a length of " + length);
        return length;
    }

    static <T> void list(DataOutputStream out, Collection<T> list, Writer<T> writer) throws IOException {
        out.writeInt(list.size());
        for (T each : list) writer.write(out, each);
    }

    static <T> List<T> list(DataInputStream in, Reader<T> reader) throws IOException {
        int length = length(in, MOST_ELEMENTS);
        List<T> list = new ArrayList<>();
        for (int i = 0; i < length; i++) list.add(reader.read(in));
        return list;
    }

    static void snapshot(DataOutputStream out, Snapshot snapshot) throws IOException {
        out.writeLong(snapshot.revision());
        list(out, snapshot.entries(), Wire::entry);
    }

    static Snapshot snapshot(DataInputStream in) throws IOException {
        return new Snapshot(in.readLong(), list(in, Wire::entry));
    }

    private static void entry(DataOutputStream out, Entry entry) throws IOException {
        text(out, entry.key());
        text(out, entry.value());
        out.writeLong(entry.revision());
        out.writeLong(entry.lease());
    }

    private static Entry entry(DataInputStream in) throws IOException {
        return new Entry(text(in), text(in), in.readLong(), in.readLong());
    }

    static void change(DataOutputStream out, Change change) throws IOException {
        text(out, change.key());
        Entry entry = change.entry();
        out.writeBoolean(entry != null);
        if (entry != null) entry(out, entry);
    }

    static Change change(DataInputStream in) throws IOException {
        String key = text(in);
        @Nullable Entry entry = in.readBoolean() ? entry(in) : null;
        return new Change(key, entry);
    }

    static void commit(DataOutputStream out, Commit commit) throws IOException {
        out.writeBoolean(commit.done());
        snapshot(out, commit.seen());
    }

    static Commit commit(DataInputStream in) throws IOException {
        return new Commit(in.readBoolean(), snapshot(in));
    }

    static void transaction(DataOutputStream out, Transaction transaction) throws IOException {
        list(out, transaction.conditions(), (to, condition) -> {
            text(to, condition.key());
            to.writeLong(condition.revision());
        });
        list(out, transaction.operations(), Wire::operation);
    }

    static Transaction transaction(DataInputStream in) throws IOException {
        return new Transaction(
                list(in, from -> new Transaction.Condition(text(from), from.readLong())), list(in, Wire::operation));
    }

    private static void operation(DataOutputStream out, Transaction.Operation operation) throws IOException {
        text(out, operation.key());
        out.writeBoolean(operation instanceof Transaction.Put);
        if (operation instanceof Transaction.Put put) {
            text(out, put.value());
            out.writeLong(put.lease());
        }
    }

    private static Transaction.Operation operation(DataInputStream in) throws IOException {
        String key = text(in);
        return in.readBoolean() ? new Transaction.Put(key, text(in), in.readLong()) : new Transaction.Delete(key);
    }
}
