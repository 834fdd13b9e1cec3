package org.relay4j.conformance;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What was exchanged over one connection, in the order in which the script did and noticed it. For one thread. */
final class Trace {
    /** Enough for every script; a flood from the endpoint is counted instead. */
    static final int LIMIT = 4000; // lines

    /**
     * One line.
     *
     * @param fromKit true when the kit did it
     * @param frame what was sent, or null when it was no frame
     * @param note anything else that happened, or how the frame was sent; may be empty
     */
    record Line(boolean fromKit, @Nullable Frame frame, String note) {
        /** {@code >} for the kit and {@code <} for the endpoint, then the frame, then the note in brackets. */
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

    /** Lines that found no room. */
    int omitted() {
        return omitted;
    }
}
