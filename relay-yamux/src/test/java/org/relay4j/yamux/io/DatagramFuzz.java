package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A fuzz target: the bytes of a stream of datagrams. The size of the pieces does not matter, and a queue returns what a list of
 * datagrams would, except for those that were displaced. {@code CONTRIBUTING.md} has the command; {@link DatagramFuzzTest} replays
 * what was found.
 */
public final class DatagramFuzz {
    private DatagramFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) {
        Received whole = read(input, Integer.MAX_VALUE);
        check(whole.equals(read(input, 1)), "other pieces, other datagrams");
        check(whole.equals(read(input, 7)), "other pieces, other datagrams");
        queue(input);
    }

    /** @param malformed whether a length was impossible */
    private record Received(List<String> datagrams, boolean malformed) {}

    private static Received read(byte[] input, int atOnce) {
        DatagramReader reader = new DatagramReader();
        List<String> datagrams = new ArrayList<>();
        ByteBuffer kept = ByteBuffer.allocate(input.length);
        for (int at = 0; at < input.length && !reader.isMalformed(); ) {
            int length = Math.min(atOnce, input.length - at);
            kept.put(input, at, length).flip();
            at += length;
            reader.read(kept, datagram -> {
                byte[] bytes = new byte[datagram.remaining()];
                datagram.get(bytes);
                datagrams.add(text(bytes));
            });
            kept.compact();
        }
        return new Received(datagrams, reader.isMalformed());
    }

    private static String text(byte[] bytes) {
        return bytes.length + ":" + Arrays.hashCode(bytes);
    }

    /** Each pair of bytes is the length of a datagram to add, or of the room to move bytes to. */
    private static void queue(byte[] input) {
        DatagramMemory memory = new DatagramMemory();
        DatagramQueue queue = new DatagramQueue(memory);
        ArrayDeque<byte[]> expected = new ArrayDeque<>();
        ByteBuffer out = ByteBuffer.allocate(2 * DatagramQueue.CAPACITY);
        for (int i = 0; i + 2 < input.length && i < 300; i += 3) {
            int length = ((input[i + 1] & 0xFF) << 8) | (input[i + 2] & 0xFF);
            if ((input[i] & 1) == 0) add(queue, expected, length, (byte) i);
            else {
                queue.moveTo(out.limit(Math.min(out.capacity(), out.position() + length)));
                verify(out, expected);
            }
            check(queue.size() <= DatagramQueue.CAPACITY, "too many bytes");
            check(queue.isEmpty() == (memory.held() == 0), "memory of an empty queue");
        }
        queue.release();
        check(memory.held() == 0, "memory was not released");
    }

    private static void add(DatagramQueue queue, ArrayDeque<byte[]> expected, int length, byte content) {
        byte[] datagram = new byte[length];
        Arrays.fill(datagram, content);
        int before = queue.size();
        int dropped = queue.add(ByteBuffer.wrap(datagram));
        if (queue.size() == before && dropped == 1 && !fits(queue, length)) return; // the new one
        // A datagram of which a part was moved stays: it is the first of those expected, and marked by the queue's own
        // rule.
        boolean begun = queue.begun() > 0;
        byte[] first = begun ? expected.poll() : null;
        for (int n = dropped; n > 0; n--) check(expected.poll() != null, "more dropped than there were");
        if (first != null) expected.addFirst(first);
        expected.add(datagram);
    }

    private static boolean fits(DatagramQueue queue, int length) {
        return length <= DatagramReader.LARGEST
                && DatagramReader.PREFIX + length + queue.begun() <= DatagramQueue.CAPACITY;
    }

    /** Removes the complete datagrams from the front of {@code out}. */
    private static void verify(ByteBuffer out, ArrayDeque<byte[]> expected) {
        out.flip();
        while (out.remaining() >= 2) {
            int length = ((out.get(out.position()) & 0xFF) << 8) | (out.get(out.position() + 1) & 0xFF);
            if (out.remaining() < 2 + length) break;
            byte[] datagram = new byte[length];
            out.position(out.position() + 2).get(datagram);
            check(Arrays.equals(datagram, expected.poll()), "another datagram");
        }
        out.compact();
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }
}
