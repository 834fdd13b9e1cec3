package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Program;
import org.relay4j.testing.Visitor;

class ListenerTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private final Guests guests = new Guests();
    private final List<Socket> sockets = new ArrayList<>();
    private Loop loop;
    private Listener listener;

    @BeforeEach
    void listen() throws Exception {
        loop = new Loop("relay-test-listener", true);
        listener = Listener.open(loop, anyPort(), guests);
        onLoop(listener::start);
    }

    @AfterEach
    void close() throws Exception {
        loop.stop();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
        for (Socket socket : sockets) socket.close();
        for (SocketChannel channel : guests.channels) channel.close();
    }

    @Test
    void handsOverMoreThanOnePassTakes() throws Exception {
        connect(200);
        awaitGuests(200);
        Socket first = sockets.get(0);
        Visitor.send(first, "x");
        assertEquals(listener.address().getPort(), first.getPort());
    }

    /** Each connection causes a lot of work on the loop, whose other sockets must get their turn. */
    @Test
    void acceptsFourConnectionsInOnePass() throws Exception {
        onLoop(() -> {
            AcceptTurns turns = new AcceptTurns(() -> 0);
            connectUnchecked(20);
            turns.add(listener.turns());
            turns.run(true);
            assertEquals(4, guests.channels.size());
        });
        awaitGuests(20);
    }

    @Test
    void connectionsWaitWhileTheLoopHasOtherWork() throws Exception {
        onLoop(() -> {
            long[] now = {0}; // ns
            AcceptTurns turns = new AcceptTurns(() -> now[0]);
            guests.whenAccepted = () -> now[0] += AcceptPace.MOST;
            connectUnchecked(20);
            for (int pass = 0; pass < 3; pass++) {
                turns.add(listener.turns());
                turns.run(true);
                assertEquals(1, guests.channels.size());
            }
        });
        awaitGuests(20); // when the loop has time again
    }

    @Test
    void thoseWhoLeaveACrowdAreRecognizedAndTheOthersAreServed() throws Exception {
        onLoop(() -> {
            long[] now = {System.nanoTime()};
            AcceptTurns turns = new AcceptTurns(() -> now[0]);
            // The first one makes them a crowd; those at which it looks cost little.
            guests.whenAccepted = () -> now[0] += guests.channels.size() <= Crowd.SUSPICIOUS ? AcceptPace.MOST : 1_000;
            connectUnchecked(600);
            for (Socket socket : sockets) socket.close();
            accept(turns, 600);
            assertTrue(guests.mostLeave);
            assertEquals(0, guests.stayed.size());
            connectUnchecked(5);
            accept(turns, 605);
            assertTrue(guests.mostLeave);
            assertEquals(5, guests.stayed.size());
        });
    }

    /** They take all the time there is for accepting, but the kernel never holds many in a row. */
    @Test
    void visitorsThatOnlyReadAreNoFlood() throws Exception {
        onLoop(() -> {
            long[] now = {System.nanoTime()};
            AcceptTurns turns = new AcceptTurns(() -> now[0]);
            guests.whenAccepted = () -> now[0] += AcceptPace.MOST;
            for (int n = 1; n <= 2 * Crowd.FLOOD; n++) {
                connectUnchecked(1);
                sockets.get(n - 1).shutdownOutput();
                accept(turns, n);
                assertFalse(guests.mostLeave);
            }
            assertEquals(0, guests.stayed.size(), "a crowd from the second one on");
        });
    }

    /** The same, at an owner that does not serve such visitors. */
    @Test
    void connectionsThatHaveLeftAreAFloodIfTheOwnerServesNobodyWhoOnlyReads() throws Exception {
        Guests clients = new Guests();
        clients.serveReaders = false;
        Listener port = Listener.open(loop, anyPort(), clients);
        onLoop(() -> {
            port.start();
            long[] now = {System.nanoTime()};
            AcceptTurns turns = new AcceptTurns(() -> now[0]);
            clients.whenAccepted = () -> now[0] += AcceptPace.MOST;
            for (int n = 1; n <= 2 + Crowd.SUSPICIOUS; n++) {
                assertFalse(clients.mostLeave);
                Visitor.connect(port.address().getPort()).close();
                accept(turns, port, clients, n);
            }
            assertTrue(clients.mostLeave);
        });
        for (SocketChannel channel : clients.channels) channel.close();
    }

    /** Each turn takes two of 20, which have their answer after it and come back, so the kernel always holds some. */
    @Test
    void visitorsThatComeBackAreNoFloodThoughTheKernelAlwaysHoldsSome() throws Exception {
        onLoop(() -> {
            long[] now = {System.nanoTime()};
            AcceptTurns turns = new AcceptTurns(() -> now[0]);
            guests.whenAccepted = () -> now[0] += AcceptPace.MOST;
            int answered = 0;
            int longest = 0;
            while (answered < 3 * Crowd.FLOOD) {
                for (int n = sockets.size(); n < answered + 20; n++) {
                    connectUnchecked(1);
                    sockets.get(n).shutdownOutput();
                }
                turns.add(listener.turns());
                turns.run(true);
                now[0] += TimeUnit.MILLISECONDS.toNanos(50); // other work, in which they are answered
                assertFalse(guests.mostLeave);
                longest = Math.max(longest, guests.channels.size() - answered);
                for (; answered < guests.channels.size(); answered++) {
                    guests.channels.get(answered).close();
                    sockets.get(answered).close();
                }
            }
            assertEquals(20, longest, "it has looked how many they are");
        });
    }

    /** An owner with little room would otherwise hide a flood. */
    @Test
    void looksAtAllThatTheKernelHolds() throws Exception {
        onLoop(() -> {
            long[] now = {System.nanoTime()};
            AcceptTurns turns = new AcceptTurns(() -> now[0]);
            guests.whenAccepted = () -> now[0] += AcceptPace.MOST;
            connectUnchecked(1 + Crowd.SUSPICIOUS + Crowd.FLOOD);
            for (Socket socket : sockets) socket.close();
            accept(turns, 1 + Crowd.SUSPICIOUS);
            guests.room = 1;
            turns.add(listener.turns());
            turns.run(true);
            now[0] += TimeUnit.SECONDS.toNanos(1) / 10;
            turns.run(true);
            assertEquals(1 + Crowd.SUSPICIOUS + Crowd.FLOOD, guests.channels.size());
            assertTrue(guests.mostLeave);
        });
    }

    private void accept(AcceptTurns turns, int count) {
        accept(turns, listener, guests, count);
    }

    private static void accept(AcceptTurns turns, Listener port, Guests owner, int count) {
        for (int pass = 0; owner.channels.size() < count && pass < 1_000; pass++) {
            turns.add(port.turns());
            turns.run(false);
        }
        assertEquals(count, owner.channels.size());
    }

    /** Another thread may close the socket at any time. */
    @Test
    void closedSocketCannotBePausedAndHarmsNobody() throws Exception {
        CompletableFuture<Void> accepted = new CompletableFuture<>();
        onLoop(() -> guests.whenAsked = () -> {
            guests.room = 0;
            listener.close();
            accepted.complete(null);
        });
        connect(1);
        accepted.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        onLoop(() -> {}); // the loop lives
    }

    @Test
    void movesToAnotherLoopBetweenTwoTurns() throws Exception {
        Loop other = new Loop("relay-test-listener-2", true);
        try {
            onLoop(() -> {
                connectUnchecked(2);
                listener.ready(null);
                listener.moveTo(other);
                loop.accepting().run(false);
                assertEquals(0, guests.channels.size());
            });
            CompletableFuture<Void> started = new CompletableFuture<>();
            other.execute(() -> {
                try {
                    listener.start();
                    started.complete(null);
                } catch (IOException e) {
                    started.completeExceptionally(e);
                }
            });
            started.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            awaitGuests(2);
        } finally {
            other.stop();
            assertTrue(other.join(Await.DEADLINE.toMillis()));
        }
    }

    @Test
    void waitsForAnOwnerThatTakesNoMore() throws Exception {
        onLoop(() -> guests.room = 3);
        connect(5);
        awaitGuests(3);
        onLoop(() -> {});
        assertEquals(3, guests.channels.size());
        onLoop(() -> {
            guests.room = 1;
            listener.resume();
        });
        awaitGuests(4);
        onLoop(() -> {
            guests.room = 100;
            listener.resume();
            listener.resume();
        });
        awaitGuests(5);
    }

    @Test
    void takesThePortBeforeItAccepts() throws Exception {
        Listener quiet = Listener.open(loop, anyPort(), guests);
        assertThrows(BindException.class, () -> Listener.open(loop, quiet.address(), guests));
        sockets.add(Visitor.connect(quiet.address().getPort()));
        onLoop(quiet::start);
        awaitGuests(1);
        onLoop(quiet::close);
        Visitor.awaitRefused(quiet.address().getPort());
        Listener again = Listener.open(loop, quiet.address(), guests); // though connections of it are left
        onLoop(again::start);
        sockets.add(Visitor.connect(again.address().getPort()));
        awaitGuests(2);
        onLoop(again::close);
        onLoop(again::resume); // too late, and harmless
    }

    @Test
    void connectionsThatComeBeforeTheSocketIsClosedAreAccepted() throws Exception {
        CompletableFuture<Integer> accepted = new CompletableFuture<>();
        onLoop(() -> {
            guests.room = 3; // it is the end, and nobody can wait for more room
            connectUnchecked(5);
            listener.acceptAndClose(() -> accepted.complete(guests.channels.size()));
            connectUnchecked(5);
        });
        assertEquals(10, accepted.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        Visitor.awaitRefused(listener.address().getPort());
        for (Socket socket : sockets) Visitor.send(socket, "x");
    }

    @Test
    void closeInTheMiddleOfAPassIsTheEnd() throws Exception {
        onLoop(() -> {
            guests.whenAccepted = listener::close;
            connectUnchecked(5);
        });
        awaitGuests(1);
        Visitor.awaitRefused(listener.address().getPort());
        assertEquals(1, guests.channels.size());
    }

    @Test
    void stoppedLoopClosesIt() throws Exception {
        loop.stop();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
        Visitor.awaitRefused(listener.address().getPort());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void ownerThatThrowsLosesOneConnection(Throwable failure) throws Exception {
        onLoop(() -> guests.whenAccepted = () -> sneak(failure));
        try (Logged logged = Logged.below("org.relay4j.yamux.io")) {
            for (int i = 0; i < 200; i++) { // more than are accepted in one pass
                Socket visitor = Visitor.connect(listener.address().getPort());
                sockets.add(visitor);
                Visitor.expectReset(visitor);
            }
            String line = logged.await("unexpected failure of listener");
            assertTrue(line.endsWith(": a connection was reset"), line);
            assertTrue(logged.lines("ERROR").size() < 200, "limited to one line a second");
        }
        onLoop(() -> guests.whenAccepted = () -> {});
        connect(3);
        awaitGuests(3);
    }

    @ParameterizedTest
    @MethodSource("failures")
    void ownerThatCannotEvenAnswerIsAskedAgain(Throwable failure) throws Exception {
        AtomicInteger left = new AtomicInteger(2);
        onLoop(() -> guests.whenAsked = () -> {
            if (left.getAndDecrement() > 0) sneak(failure);
        });
        try (Logged logged = Logged.below("org.relay4j.yamux.io")) {
            connect(3);
            awaitGuests(3);
            logged.await("trying again in 0.2 s");
        }
    }

    static List<Throwable> failures() {
        return List.of(new IllegalStateException("owner, on purpose"), new OutOfMemoryError("owner, on purpose"));
    }

    private static void sneak(Throwable failure) {
        if (failure instanceof RuntimeException unchecked) throw unchecked;
        throw (Error) failure;
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no sh and no ulimit")
    void processOutOfFilesAcceptsAgainWhenItHasSome() throws Exception {
        int visitors = 200;
        try (Program program = Program.start(100, ListenerProgram.class, List.of())) {
            String line = program.await("listening on ");
            int port = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
            for (int i = 0; i < visitors; i++) sockets.add(Visitor.connect(port));
            program.await("cannot accept on ");
            program.await("Too many open files");
            int[] held = new int[1];
            Await.until("all were accepted, in their turn", () -> (held[0] += release(program)) >= visitors);
            assertEquals(visitors, held[0]);
            sockets.add(Visitor.connect(port));
            Await.until("it accepts as before", () -> release(program) == 1);
            assertTrue(program.isAlive());
        }
    }

    /** Has the program close what it holds; returns how many that were. */
    private static int release(Program program) throws IOException {
        int before = program.matching("released ").size();
        program.say("release");
        return Integer.parseInt(program.await("released ", before + 1).replace("released ", ""));
    }

    private void connect(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            sockets.add(Visitor.connect(listener.address().getPort()));
        }
    }

    private void connectUnchecked(int count) {
        try {
            connect(count);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitGuests(int count) {
        Await.until(() -> count + " guests, not " + guests.channels.size(), () -> guests.channels.size() == count);
    }

    private void onLoop(SplicedSession.Action action) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                action.run();
                done.complete(null);
            } catch (Exception e) {
                done.completeExceptionally(e);
            }
        });
        done.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    /** Keeps all accepted connections. */
    private final class Guests implements Listener.Owner {
        final List<SocketChannel> channels = new CopyOnWriteArrayList<>();
        int room = Integer.MAX_VALUE; // loop thread only
        Runnable whenAccepted = () -> {}; // loop thread only
        Runnable whenAsked = () -> {}; // loop thread only
        final List<SocketChannel> stayed = new CopyOnWriteArrayList<>(); // of a crowd
        volatile boolean mostLeave; // at the last one from a crowd
        boolean serveReaders = true; // constant once the listener is open

        @Override
        public boolean canAccept() {
            whenAsked.run();
            return room > 0;
        }

        @Override
        public void accepted(SocketChannel channel) {
            room--;
            whenAccepted.run();
            channels.add(channel);
        }

        @Override
        public boolean servesThoseThatOnlyRead() {
            return serveReaders;
        }

        @Override
        public boolean acceptedFromCrowd(SocketChannel channel, boolean most) {
            mostLeave = most;
            room--;
            whenAccepted.run();
            try {
                channel.configureBlocking(false);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            channels.add(channel);
            if (FirstBytes.read(loop, channel) == null) return true;
            stayed.add(channel);
            return false;
        }
    }
}
