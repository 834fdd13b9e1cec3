package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Windows that grow until they fill a long link, and no further. Rates in Mbit/s, round trips in milliseconds. */
@Tag("slow")
class LongLinkTest {
    private static final int INITIAL = 256 * 1024; // bytes
    private static final int LARGEST = 64 << 20; // bytes

    private LongLink link;

    @ParameterizedTest
    @CsvSource({"100,50", "100,100", "100,200", "1000,10", "1000,50", "1000,100", "1000,200"})
    void oneStreamFillsTheLinkWithinTenRoundTripsOfTheDoublingAndAddsLittleQueue(int rate, int roundTrip) {
        link = link(rate, roundTrip, LARGEST, LARGEST).measured().withEcho();
        link.startBulk();
        // The round trips of a sender that doubles its in-flight bytes from one packet on, and ten more.
        double packets = rate * 1e6 / 8 * roundTrip / 1e3 / 1448;
        link.runFor((long) Math.ceil(Math.log(packets) / Math.log(2)) * nanos(roundTrip));
        double share = share(rate, link.runFor(10 * nanos(roundTrip)), 10 * roundTrip);
        assertTrue(share >= 0.9, () -> "only " + share + " of the link is used");
        link.slowEcho();
        link.runFor(20 * nanos(roundTrip));
        double echo = link.slowEcho() / (double) nanos(roundTrip);
        assertTrue(echo <= 1.3, () -> "one of ten echoes takes longer than " + echo + " round trips");
    }

    @ParameterizedTest
    @CsvSource({"100,50", "1000,50", "1000,100"})
    void readerThatIsHeldUpNowAndThenGetsTheSameWindow(int rate, int roundTrip) {
        for (int seed = 0; seed < 10; seed++) {
            Random random = new Random(seed);
            link = link(rate, roundTrip, LARGEST, LARGEST).measured().withEcho();
            link.startBulk();
            for (int n = 0; n < 100; n++) {
                link.holdUpReader(nanos(random.nextInt(roundTrip / 3)));
                link.runFor(nanos(10 + random.nextInt(roundTrip)));
            }
            link.slowEcho();
            double share = share(rate, link.runFor(20 * nanos(roundTrip)), 20 * roundTrip);
            double echo = link.slowEcho() / (double) nanos(roundTrip);
            String result = "seed " + seed + ": " + share + " of the link, and an echo of " + echo + " round trips";
            assertTrue(share >= 0.9 && echo <= 1.3, result);
        }
    }

    @Test
    void windowThatDoesNotGrowMovesOnceInARoundTrip() {
        link = link(1000, 50, 0, 0).measured();
        link.startBulk();
        link.runFor(nanos(1000));
        double windows = (double) link.runFor(nanos(1000)) / INITIAL;
        assertTrue(windows >= 0.85 * 20 && windows <= 20, () -> windows + " in 20 round trips");
        assertEquals(0, reserved());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void windowsDoNotGrowNearby(int streams) {
        link = link(1000, 1, LARGEST, LARGEST).measured().withEcho();
        for (int n = 0; n < streams; n++) link.startBulk();
        for (int n = 0; n < 1000; n++) {
            link.runFor(nanos(1));
            assertEquals(0, reserved());
        }
        double share = share(1000, link.runFor(nanos(1000)), 1000);
        assertTrue(share >= 0.9, () -> "only " + share + " of the link is used");
    }

    /** A round trip of 0.4 ms moves an initial window at 655 MB/s. */
    private LongLink fastLink() {
        return new LongLink(20e9, 400_000, options(LARGEST, LARGEST)).measured();
    }

    @Test
    void windowOfALoneFastStreamGrowsToOneLongFrame() {
        link = fastLink();
        link.startBulk();
        link.runFor(nanos(200));
        assertEquals(3 * INITIAL, reserved());
        double windows = link.runFor(nanos(100)) / (double) MuxStream.LONGEST_FRAME;
        assertTrue(windows >= 150, () -> windows + " windows in 250 round trips");
    }

    @Test
    void windowOfALoneStreamIsAnInitialOneAgainWhenItIsNoLongerAloneOrFast() {
        link = fastLink();
        link.startBulk();
        link.runFor(nanos(200));
        MuxStream second = link.startBulk();
        link.runFor(nanos(100));
        assertEquals(0, reserved(), "two streams");
        second.reset(0);
        link.runFor(nanos(100));
        assertEquals(3 * INITIAL, reserved(), "alone again");
        link.withEcho();
        link.runFor(nanos(100));
        assertEquals(0, reserved(), "beside a keystroke each millisecond");
    }

    @Test
    void windowOfALoneStreamThatBecomesSlowShrinks() {
        link = fastLink();
        link.startBulk();
        link.runFor(nanos(200));
        assertEquals(3 * INITIAL, reserved());
        link.rate(1e9);
        link.runFor(nanos(200));
        assertEquals(0, reserved());
    }

    @Test
    void windowsOfAConnectionThatTakesLongForEachByteGrowNearbyToo() {
        link = link(1000, 1, LARGEST, LARGEST).measured();
        link.reader.mux.nearbyWindow(4 * INITIAL);
        MuxStream stream = link.startBulk();
        link.runFor(nanos(1000));
        assertEquals(3 * INITIAL, reserved());
        link.sender.pauseBulk();
        link.runFor(nanos(12_000));
        for (int n = 0; n < 12; n++) {
            link.resumeBulk(stream, INITIAL / 2);
            link.runFor(nanos(12_000));
        }
        assertEquals(0, reserved(), "the stream has become slow");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "2, 1000", "1000, 4"})
    void nearbyWindowsAreWithinTheLimits(int largest, int budget) {
        link = link(1000, 1, largest * INITIAL, budget * INITIAL).measured();
        link.reader.mux.nearbyWindow(4 * INITIAL);
        link.startBulk();
        link.startBulk();
        link.runFor(nanos(1000));
        long most = Math.min(budget, 2 * Math.max(0, largest - 1)) * (long) INITIAL;
        assertTrue(reserved() <= most, () -> "grown by " + reserved());
        assertEquals(most > 0, reserved() > 0);
    }

    @Test
    void roundTripIsMeasuredWhenNobodyHasAskedForIt() {
        link = link(100, 50, LARGEST, LARGEST);
        link.startBulk();
        link.runFor(nanos(3000));
        assertTrue(share(100, link.runFor(nanos(1000)), 1000) >= 0.9);
    }

    @Test
    void windowGrowsNoLargerThanItMay() {
        link = link(1000, 200, 4 << 20, LARGEST).measured();
        link.startBulk();
        link.runFor(nanos(10_000));
        assertEquals((4 << 20) - INITIAL, reserved());
        assertEquals(reserved(), link.reader.buffers.promised());
    }

    @Test
    void windowsOfASessionGrowNoFurtherThanItsBudget() {
        link = link(1000, 200, LARGEST, 8 << 20).measured();
        for (int n = 0; n < 8; n++) link.startBulk();
        for (int n = 0; n < 50; n++) {
            link.runFor(nanos(200));
            assertTrue(reserved() <= 8 << 20, () -> "grown by " + reserved());
        }
        assertTrue(reserved() > 4 << 20, () -> "grown by " + reserved());
    }

    @Test
    void windowDoesNotGrowWhenTheProcessHasPromisedEnough() {
        link = link(1000, 100, LARGEST, LARGEST).measured();
        link.reader.buffers.promiseNoMoreThan(1 << 20);
        link.startBulk();
        link.runFor(nanos(5000));
        assertTrue(reserved() > 0 && reserved() <= 1 << 20, () -> "grown by " + reserved());
    }

    @Test
    void budgetComesBackWithTheEndOfTheStreams() {
        link = link(1000, 50, LARGEST, LARGEST).measured();
        List<MuxStream> streams = new ArrayList<>();
        for (int n = 0; n < 4; n++) streams.add(link.startBulk());
        link.runFor(nanos(2000));
        assertTrue(reserved() > 0);
        streams.get(0).reset(0);
        for (MuxStream stream : streams) stream.closeWrite(0);
        link.runFor(nanos(2000));
        assertEquals(0, link.reader.mux.streamCount());
        assertEquals(0, reserved());
        assertEquals(0, link.reader.buffers.promised());
    }

    @Test
    void budgetComesBackWithTheEndOfTheSession() {
        link = link(1000, 50, LARGEST, LARGEST).measured();
        link.startBulk();
        link.runFor(nanos(2000));
        assertTrue(reserved() > 0);
        link.reader.mux.fail(new Cause(Cause.Kind.CONNECTION_LOST, "cut"));
        assertEquals(0, reserved());
        assertEquals(0, link.reader.buffers.promised());
    }

    @Test
    void windowFollowsALinkThatBecomesFaster() {
        link = link(100, 50, LARGEST, LARGEST).measured();
        link.startBulk();
        link.runFor(nanos(3000));
        assertTrue(share(100, link.runFor(nanos(1000)), 1000) >= 0.9);
        link.rate(1000e6);
        link.runFor(nanos(3000));
        double share = share(1000, link.runFor(nanos(1000)), 1000);
        assertTrue(share >= 0.9, () -> "only " + share + " of the link is used");
    }

    @Test
    void windowOfAStreamThatHasBecomeSlowGoesBack() {
        link = link(1000, 50, LARGEST, LARGEST).measured();
        MuxStream stream = link.startBulk();
        link.runFor(nanos(2000));
        link.sender.pauseBulk();
        link.runFor(nanos(12_000));
        long atRest = reserved();
        assertTrue(atRest > 0, "the peer may still use what it was given");
        for (long sent = 0; reserved() > 0 && sent < atRest + 2 * INITIAL; sent += INITIAL) {
            link.resumeBulk(stream, INITIAL);
            link.runFor(nanos(12_000));
        }
        assertEquals(0, reserved());
        assertEquals(0, link.reader.buffers.promised());
    }

    private static LongLink link(int megabits, int roundTrip, int largestWindow, int budget) {
        return new LongLink(megabits * 1e6, nanos(roundTrip), options(largestWindow, budget));
    }

    private static CoreOptions options(int largestWindow, int budget) {
        return new Options().growth(largestWindow, budget).keepAlive(0, 10).build();
    }

    private long reserved() {
        return link.reader.mux.parts().windows().reserved();
    }

    private static double share(int megabits, long bytes, int millis) {
        return bytes * 8 / (megabits * 1e3 * millis);
    }

    private static long nanos(long millis) {
        return millis * 1_000_000;
    }
}
