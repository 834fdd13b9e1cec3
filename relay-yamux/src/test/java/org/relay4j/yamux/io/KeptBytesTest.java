package org.relay4j.yamux.io;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class KeptBytesTest {
    private final KeptBytes.Budget budget = new KeptBytes.Budget(100);
    private final KeptBytes kept = new KeptBytes(budget);

    @Test
    void allBytesAreKeptInTheirOrder() {
        add(kept, "one, ");
        add(kept, "two, ");
        add(kept, "three");
        assertEquals("one, two, three", taken(kept));
        assertEquals(0, budget.taken());
    }

    @Test
    void nothingIsAlsoAll() {
        assertEquals("", taken(kept));
    }

    @Test
    void theyAreTakenOnce() {
        add(kept, "one");
        assertEquals("one", taken(kept));
        add(kept, "two");
        assertNull(kept.take());
    }

    @Test
    void memoryIsBoundedAndReturned() {
        KeptBytes other = new KeptBytes(budget);
        add(other, "x".repeat(60));
        add(kept, "y".repeat(30));
        assertEquals(90, budget.taken());
        add(kept, "y".repeat(11));
        assertEquals(60, budget.taken(), "a part is of no use");
        assertNull(kept.take());
        assertEquals("x".repeat(60), taken(other));
        assertEquals(0, budget.taken());
    }

    @Test
    void whatWasDroppedIsNotKeptAgain() {
        add(kept, "one");
        kept.drop();
        kept.drop();
        assertEquals(0, budget.taken());
        add(kept, "two");
        assertEquals(0, budget.taken());
        assertNull(kept.take());
    }

    /** The bytes are in the middle of a buffer, and its position does not matter. */
    private static void add(KeptBytes to, String text) {
        to.add(ByteBuffer.wrap(("-" + text + "-").getBytes(US_ASCII)).position(2), 1, text.length());
    }

    private static String taken(KeptBytes from) {
        ByteBuffer all = from.take();
        return all == null ? "nothing" : US_ASCII.decode(all).toString();
    }
}
