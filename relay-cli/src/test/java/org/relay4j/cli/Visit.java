package org.relay4j.cli;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one visitor of a cluster saw. Times in ns since the first visitor came.
 *
 * @param begun when it connected
 * @param ended when it was served, or knew that it would not be
 * @param node where it connected, from 1
 * @param port the public port
 * @param stay how long it wanted to stay, ms
 * @param answer the name of the service that answered; empty if there was no complete answer
 * @param failure why there was none; null if it was served
 */
record Visit(
        long begun,
        long ended,
        int node,
        int port,
        int stay,
        String answer,
        @Nullable String failure) {
    boolean isServed() {
        return failure == null;
    }

    /** Returns how long it waited for what takes no time, in ms. */
    double waited() {
        return (ended - begun) / 1e6 - stay;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%.3f s\tn%d\t%d\tstay %d ms\twaited %.0f ms\t%s",
                begun / 1e9,
                node,
                port,
                stay,
                waited(),
                failure == null ? answer : failure);
    }
}
