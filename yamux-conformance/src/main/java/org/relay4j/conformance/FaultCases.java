package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cases for violations of framing, flow control and ids. Each violation has two cases: whether it is rejected at all,
 * and whether the endpoint sends GoAway if it ends the session. The second needs its own case because many endpoints
 * prepare a GoAway and close the connection before it is sent.
 */
final class FaultCases {
    private static final Rule ANNOUNCED = Rule.spec(
            "Session termination",
            "A session is terminated with GoAway, with code 1 for a protocol error. No frames follow it.");
    private static final Rule VERSION = Rule.spec("Version Field", "The version is 0. Other versions are not defined.");
    private static final Rule TYPE = Rule.spec(
            "Type Field", "The length of a frame of unknown type is not known, so the next frame cannot be found.");
    private static final Rule WINDOW =
            Rule.spec("Flow Control", "A receiver accepts no more data than its window allows.");
    private static final Rule ID_0 = Rule.spec("StreamID Field", "Id 0 denotes the session.");
    private static final Rule PARITY = Rule.spec(
            "StreamID Field", "The client opens odd ids and the server even ones, so that ids do not collide.");
    private static final Rule OVERFLOW = Rule.robust("A window does not exceed 2^32-1 bytes.");
    private static final Rule SECOND_SYN = Rule.spec("Opening a stream", "SYN has a new id.");

    private FaultCases() {}

    /** Commits the violation. Returns the stream on which it may be rejected; null if there is none. */
    @FunctionalInterface
    private interface Fault {
        @Nullable
        KitStream commit(Peer peer) throws Deviation, NotApplicable, IOException;
    }

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        framing(cases);
        windows(cases);
        ids(cases);
        return cases;
    }

    private static void add(List<Case> cases, Level level, String name, String title, Rule rule, Fault fault) {
        cases.add(new Case("reject/" + name, title, level, rule, peer -> {
            KitStream stream = fault.commit(peer);
            return peer.reaction(stream).rejected();
        }));
        cases.add(Case.should("announce/" + name, "GoAway(1) for " + title, ANNOUNCED, peer -> {
            KitStream stream = fault.commit(peer);
            return announced(peer, peer.reaction(stream));
        }));
    }

    private static String announced(Peer peer, Reaction reaction) throws Deviation, NotApplicable {
        if (reaction.kind() != Reaction.Kind.SESSION_ENDED) throw new NotApplicable(reaction.text());
        Frame goAway = peer.goAwayReceived();
        if (goAway == null || goAway.length() != 1) throw new Deviation(reaction.text());
        if (peer.framesAfterGoAway() > 0) throw new Deviation(peer.framesAfterGoAway() + " frames after GoAway");
        return reaction.text();
    }

    private static void framing(List<Case> cases) {
        add(cases, Level.MUST, "version", "a frame of version 1", VERSION, peer -> {
            peer.send(Frame.of(Frame.PING, Frame.SYN, 0, 1).withVersion(1));
            return null;
        });
        add(cases, Level.MUST, "version-open", "a frame of version 255 while a stream is open", VERSION, peer -> {
            KitStream stream = Situation.open(peer).stream();
            peer.send(Frame.data(0, stream.id(), Payload.of(8)).withVersion(255));
            return null;
        });
        add(cases, Level.MUST, "type-4", "a frame of type 4", TYPE, peer -> {
            peer.send(Frame.of(4, 0, 0, 0));
            return null;
        });
        add(cases, Level.MUST, "type-255", "a frame of type 255 while a stream is open", TYPE, peer -> {
            KitStream stream = Situation.open(peer).stream();
            peer.send(Frame.of(255, 0, stream.id(), 0));
            return null;
        });
    }

    private static void windows(List<Case> cases) {
        add(cases, Level.MUST, "overrun", "a Data frame one byte larger than the window", WINDOW, peer -> {
            KitStream stream = Situation.open(peer).stream();
            peer.survives(); // in-flight credit has arrived
            if (stream.credit() >= FrameReader.LARGEST_BODY)
                throw new NotApplicable("the window is " + stream.credit() + " bytes");
            stream.data(0, Payload.of((int) stream.credit() + 1));
            return stream;
        });
        add(cases, Level.MUST, "overrun-syn", "Data with SYN, one byte larger than the window", WINDOW, peer -> {
            KitStream stream = peer.newStream();
            stream.data(Frame.SYN, Payload.of(Frame.INITIAL_WINDOW + 1));
            peer.await(() -> stream.acks() > 0 || stream.resets() > 0 || peer.goAwayReceived() != null);
            if (stream.credit() >= 0) throw new NotApplicable("the window announced with ACK has room for it");
            return stream;
        });
        Rule early = Rule.robust("A length beyond the window is rejected after the header, before memory is "
                + "allocated or the body is read.");
        add(cases, Level.MUST, "overrun-header", "the header of a Data frame of 1 GiB", early, peer -> {
            KitStream stream = Situation.open(peer).stream();
            peer.send(Frame.of(Frame.DATA, 0, stream.id(), 1 << 30));
            return stream;
        });
        add(cases, Level.MUST, "length-4-gib", "the header of a Data frame of 4 GiB - 1", early, peer -> {
            KitStream stream = Situation.open(peer).stream();
            peer.send(Frame.of(Frame.DATA, 0, stream.id(), Frame.MAX_LENGTH));
            return stream;
        });
        add(cases, Level.SHOULD, "credit-overflow", "credit beyond 2^32-1", OVERFLOW, peer -> {
            KitStream stream = Situation.open(peer).stream();
            stream.window(0, Frame.MAX_LENGTH);
            return stream;
        });
        add(cases, Level.SHOULD, "credit-overflow-syn", "a window beyond 2^32-1 with SYN", OVERFLOW, peer -> {
            KitStream stream = peer.newStream();
            stream.window(Frame.SYN, Frame.MAX_LENGTH);
            return stream;
        });
    }

    private static void ids(List<Case> cases) {
        add(cases, Level.SHOULD, "id-0-data", "Data for id 0", ID_0, peer -> {
            peer.send(Frame.data(0, 0, Payload.of(8)));
            return null;
        });
        add(cases, Level.SHOULD, "id-0-window", "a Window Update for id 0", ID_0, peer -> {
            peer.send(Frame.of(Frame.WINDOW_UPDATE, 0, 0, 1000));
            return null;
        });
        add(cases, Level.SHOULD, "id-0-syn", "SYN for id 0", ID_0, peer -> {
            KitStream stream = peer.stream(0);
            stream.window(Frame.SYN, 0);
            return stream;
        });
        add(cases, Level.SHOULD, "parity", "SYN with an id of the endpoint", PARITY, peer -> {
            KitStream stream = peer.stream(peer.role().other().firstId());
            stream.window(Frame.SYN, 0);
            return stream;
        });
        add(cases, Level.SHOULD, "second-syn", "SYN for a stream that is open", SECOND_SYN, peer -> {
            KitStream stream = Situation.open(peer).stream();
            stream.window(Frame.SYN, 0);
            return stream;
        });
        add(cases, Level.SHOULD, "second-syn-data", "Data with SYN for a stream that is open", SECOND_SYN, peer -> {
            KitStream stream = Situation.open(peer).stream();
            stream.data(Frame.SYN, Payload.of(8));
            return stream;
        });
    }
}
