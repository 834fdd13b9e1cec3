package org.relay4j.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Legal traffic, drawn from a seed: what each side does with each of the streams between two sessions. Side a opens them.
 *
 * @param lines the streams, by their number
 */
record DifferentialScript(List<Line> lines) {
    /** The number of the stream on which b tells a that it has seen all that it will see before the session ends. */
    static final int DONE = -1;

    private static final int STREAMS = 40;
    private static final int WINDOW = 256 * 1024; // bytes

    /** How one side ends its direction. */
    enum End {
        FIN,
        /** When everything was read. */
        RESET,
        /** Not before the session ends. */
        OPEN
    }

    /**
     * What one side does.
     *
     * @param chunk bytes of a write
     * @param count how many writes
     * @param afterEnd it writes when it has read everything, and not at once
     * @param pause time after each read; milliseconds
     * @param limit bytes after which the stream is closed; 0 for none
     */
    record Part(int chunk, int count, boolean afterEnd, End end, int pause, int limit) {
        int total() {
            return chunk * count;
        }

        @Override
        public String toString() {
            String read = limit > 0 ? String.valueOf(limit) : pause > 0 ? "slow" : "all";
            return chunk + " " + count + (afterEnd ? " after-end " : " at-once ")
                    + end.name().toLowerCase(java.util.Locale.ROOT) + " " + read;
        }
    }

    /** One stream. The contents that a sends begin with {@code seed}, those of b with the number after it. */
    record Line(int number, int seed, Part a, Part b) {
        @Override
        public String toString() {
            return number + " " + seed + " " + a + " " + b;
        }
    }

    static DifferentialScript of(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Line> lines = new ArrayList<>();
        for (int number = 0; number < STREAMS; number++) lines.add(line(random, number));
        return new DifferentialScript(lines);
    }

    private static Line line(SplittableRandom random, int number) {
        int seed = random.nextInt(1, 1 << 30);
        boolean slow = random.nextInt(4) == 0;
        Part any = writes(random, random.nextInt(5) == 0 ? 3 * WINDOW : WINDOW / 2, false, End.FIN, slow);
        return switch (random.nextInt(10)) {
            case 0 -> {
                // Less than a window, so that b does not depend on what a reads.
                Part b = writes(random, WINDOW / 2, false, End.FIN, slow);
                yield new Line(number, seed, limited(any, End.FIN, b.total() / 2 + 1), b);
            }
            case 1 ->
                new Line(number, seed, limited(any, End.RESET, 1), new Part(1, 1, false, End.FIN, slow ? 1 : 0, 0));
            case 2, 3 -> {
                Part b = writes(random, WINDOW, false, End.OPEN, !slow);
                yield new Line(number, seed, writes(random, WINDOW, false, End.OPEN, slow), b);
            }
            case 4, 5 -> new Line(number, seed, writes(random, WINDOW, true, End.FIN, slow), any);
            case 6, 7 -> new Line(number, seed, any, writes(random, WINDOW, true, End.FIN, !slow));
            default -> new Line(number, seed, any, writes(random, WINDOW, false, End.FIN, !slow));
        };
    }

    private static Part writes(SplittableRandom random, int about, boolean afterEnd, End end, boolean slow) {
        int chunk = 1 + (random.nextBoolean() ? random.nextInt(100) : random.nextInt(70_000));
        int count = random.nextInt(Math.min(200, about / chunk + 2));
        return new Part(chunk, count, afterEnd, end, slow ? 1 : 0, 0);
    }

    private static Part limited(Part part, End end, int limit) {
        return new Part(part.chunk, part.count, false, end, 0, limit);
    }

    /** As the Go program reads it. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Line line : lines) text.append(line).append('\n');
        return text.toString();
    }
}
