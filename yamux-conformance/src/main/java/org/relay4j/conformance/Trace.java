package org.relay4j.conformance;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The frames exchanged over one connection, in the order in which the script sent and processed them. Not thread-safe.
 */
final class Trace {
    /** Maximum number of lines, enough for every script; further ones are only counted. */
    static final int LIMIT = 4000; // lines

    /**
     * One line.
     *
     * @param fromKit true for an action of the kit
     * @param frame the frame, or null
     * @param note another event, or how the frame was sent; may be empty
     */
    record Line(boolean fromKit, @Nullable Frame frame, String note) {
        /** Returns {@code >} for the kit or {@code <} for the endpoint, then the frame, then the note in brackets. */
        @Override
        public String toString() {
            String bracketed = note.isEmpty() ? "" : " [" + note + "]";
            return (fromKit ? ">" : "<") + (frame == null ? "" : " " + frame) + bracketed;
        }
    }

    private final List<Line> lines = new ArrayList<>();
    private int omitted;

    void frame(boolean fromKit, Frame frame) {
        add(new Line(fromKit, frame, ""));
    }

    void frame(boolean fromKit, Frame frame, String note) {
        add(new Line(fromKit, frame, note));
    }

    void note(boolean fromKit, String note) {
        add(new Line(fromKit, null, note));
    }

    private void add(Line line) {
        if (lines.size() < LIMIT) lines.add(line);
        else omitted++;
    }

    List<Line> lines() {
        return List.copyOf(lines);
    }

    /** Returns the number of lines beyond the limit. */
    int omitted() {
        return omitted;
    }
}
