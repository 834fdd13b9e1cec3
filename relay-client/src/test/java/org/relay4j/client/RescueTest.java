package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;

/** What happens when the only connection of a tunnel is silent, over scripted connections. */
@ExtendWith(LeakCheck.EachTest.class)
class RescueTest {
    private final Connections connections = new Connections();
    private final ScriptedConnection old = new ScriptedConnection();
    private final ScriptedConnection successor = new ScriptedConnection();
    private final BlockingQueue<Entrance.Way> attempts = new LinkedBlockingQueue<>();
    private final Semaphore answers = new Semaphore(0); // of the server, to attempts
    private volatile String refusal = "";
    private final AtomicInteger stays = new AtomicInteger(); // how often the old one was told that it gets no successor
    private Rescue rescue;

    @BeforeEach
    void start() {
        connections.begin(old);
        rescue = new Rescue(Local.hasty(new Recorder()).build(), connections, new Companions.Joining() {
            @Override
            public TunnelConnection join(int instead, Entrance.Way way) throws IOException {
                attempts.add(way);
                awaitAnswer();
                if (!refusal.isEmpty()) throw new RelayRefusedException("refused", refusal, "no");
                assertTrue(connections.join(successor));
                return successor;
            }

            @Override
            public boolean stays(TunnelConnection leaving) {
                throw new AssertionError("no server shuts down");
            }
        });
        rescue.watch(old, stays::incrementAndGet);
    }

    private void awaitAnswer() throws InterruptedIOException {
        try {
            answers.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
    }

    @AfterEach
    void stop() {
        rescue.close();
    }

    private void fallSilent() {
        old.silent = true;
        old.observer().silent();
    }

    private void speak() {
        old.silent = false;
        old.observer().heard();
    }

    @Test
    void anotherConnectionJoinsAndTheSilentOneKeepsItsVisitorsUntilItSpeaks() throws Exception {
        fallSilent();
        assertEquals(Entrance.Way.URGENT, attempts.take());
        old.observer().silent(); // said again and again
        answers.release();
        Await.until("there are two", () -> connections.all().size() == 2);
        old.observer().silent();
        assertEquals(0, old.retired.get(), "visitors may be on the way");
        assertTrue(connections.isMoving(old));
        Await.until("it is asked to leave", () -> {
            speak();
            return old.retired.get() > 0;
        });
        assertEquals(0, attempts.size());
    }

    @Test
    void connectionThatSpeaksFirstEndsTheAttempt() throws Exception {
        fallSilent();
        attempts.take();
        speak();
        Await.until("the attempt has ended", () -> stays.get() == 1);
        assertFalse(connections.isMoving(old));
        assertEquals(0, old.retired.get());
        assertEquals(1, connections.all().size());
        Await.until("the next silence is another one", () -> {
            fallSilent();
            return attempts.poll() != null;
        });
    }

    /** The new connection was there when the old one spoke, but nobody knew it yet. */
    @Test
    void connectionThatSpeaksWhileTheOtherJoinsLeaves() throws Exception {
        fallSilent();
        attempts.take();
        old.silent = false;
        answers.release();
        Await.until("it is asked to leave", () -> old.retired.get() == 1);
    }

    /** The old one is on its own again, and the next attempt is for it. */
    @Test
    void lossOfTheNewConnectionBeforeTheOldOneSpeaks() throws Exception {
        joinAnother();
        connections.remove(successor);
        rescue.lost();
        assertFalse(connections.isMoving(old));
        Await.until("there is another attempt", () -> {
            old.observer().silent();
            return attempts.poll() != null;
        });
        speak();
        assertEquals(0, old.retired.get());
    }

    @Test
    void connectionThatSpeaksAfterTheLossOfTheNewOneStays() throws Exception {
        joinAnother();
        connections.remove(successor);
        Await.until("it stays", () -> {
            speak();
            return !connections.isMoving(old);
        });
        assertEquals(0, old.retired.get());
    }

    @Test
    void visitorsOnTheWayAreGivenToTheSuccessor() throws Exception {
        joinAnother();
        assertEquals(List.of(successor), List.copyOf(old.handedOver));
    }

    /** It accepts no visitors any more, so the tunnel needs another connection, whether or not the old one speaks. */
    @Test
    void successorOfOneThatAcceptsNoMoreIsReplacedAtOnce() throws Exception {
        old.handsOver = true;
        joinAnother();
        old.silent = false;
        connections.remove(successor);
        assertTrue(rescue.lost());
        assertEquals(Entrance.Way.URGENT, attempts.take());
        speak();
        answers.release();
        Await.until("there are two again", () -> connections.all().size() == 2);
        Await.until("the old one leaves", () -> old.retired.get() == 1);
        assertEquals(2, old.handedOver.size());
        assertEquals(0, stays.get());
    }

    @Test
    void successorOfOneThatStaysUsableIsNotReplaced() throws Exception {
        joinAnother();
        connections.remove(successor);
        assertFalse(rescue.lost());
        assertEquals(0, attempts.size());
    }

    /** The tunnel is lost then, and resumed. */
    @Test
    void oneThatAcceptsNoMoreAndGetsNoSuccessorEnds() throws Exception {
        old.handsOver = true;
        joinAnother();
        refusal = "lease-unknown";
        connections.remove(successor);
        assertTrue(rescue.lost());
        attempts.take();
        answers.release();
        Await.until("it has ended", () -> !old.isOpen());
        assertTrue(connections.isMoving(old), "which counts as a loss");
        assertEquals(0, old.retired.get());
    }

    @Test
    void oneThatAcceptsNoMoreStaysWhenTheTunnelIsClosed() throws Exception {
        old.handsOver = true;
        joinAnother();
        connections.remove(successor);
        assertTrue(rescue.lost());
        attempts.take();
        rescue.close();
        Await.until("the attempt has ended", () -> !rescue.isTrying());
        assertTrue(old.isOpen());
    }

    /** Its server shuts down, and the successor is not there yet. */
    @Test
    void connectionThatMovesForAnotherReasonIsNotAskedToLeave() {
        assertTrue(connections.moves(old));
        fallSilent();
        speak();
        assertEquals(0, attempts.size());
        assertEquals(0, old.retired.get());
        assertTrue(connections.isMoving(old));
    }

    @Test
    void connectionOfAClosedTunnelEndsAsTheCloseWants() throws Exception {
        joinAnother();
        rescue.close();
        speak();
        assertEquals(0, old.retired.get());
    }

    /** The old one is still there for its last visitor when the new one falls silent. */
    @Test
    void connectionsThatLeaveDoNotCount() throws Exception {
        joinAnother();
        rescue.watch(successor, stays::incrementAndGet);
        successor.observer().silent();
        assertEquals(Entrance.Way.URGENT, attempts.take());
        successor.observer().heard();
        Await.until("the attempt has ended", () -> stays.get() == 1);
    }

    private void joinAnother() throws Exception {
        fallSilent();
        attempts.take();
        answers.release();
        Await.until("there are two", () -> connections.all().size() == 2);
        Await.until("nothing is tried any more", () -> !rescue.isTrying());
    }

    @Test
    void connectionsThatAreSeveralAreNotRescued() {
        connections.join(new ScriptedConnection());
        fallSilent();
        assertEquals(0, attempts.size());
        assertFalse(connections.isMoving(old));
    }

    @Test
    void serverThatRefusesIsNotAskedAgainInTheSameSilence() throws Exception {
        refusal = "limit-reached";
        try (Logged log = Logged.below("org.relay4j.client")) {
            fallSilent();
            attempts.take();
            answers.release();
            log.await("no other connection joins");
            Await.until("it stays", () -> !connections.isMoving(old));
            fallSilent();
            assertEquals(0, attempts.size());
            speak();
            assertEquals(0, old.retired.get());
            Await.until("the next silence is another one", () -> {
                fallSilent();
                return attempts.poll() != null;
            });
        }
    }

    @Test
    void endOfTheTunnelEndsTheAttempt() throws Exception {
        fallSilent();
        attempts.take();
        rescue.close();
        Await.until("the attempt has ended", () -> !connections.isMoving(old));
        fallSilent();
        assertEquals(0, attempts.size());
    }
}
