package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases for the life cycle of a session: its first bytes, frames for unknown streams, GoAway from the kit, the end of
 * the connection.
 */
final class SessionCases {
    private static final Rule UNKNOWN = Rule.interop(
            "all implementations",
            "A frame for an unknown stream is discarded. The stream may have ended a moment before.");
    private static final Rule ENDS = Rule.spec("Session termination", "GoAway with an error code ends the session.");
    private static final Rule CONNECTION =
            Rule.robust("The end of the connection ends the session, and the endpoint closes its socket.");
    private static final byte[] BODY = Payload.of(100);

    private SessionCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        greeting(cases);
        unknownStreams(cases);
        goAway(cases);
        endOfConnection(cases);
        return cases;
    }

    private static void greeting(List<Case> cases) {
        cases.add(Case.must(
                "session/start",
                "nothing but pings before the first stream",
                Rule.spec("Message Flow", "There is no greeting. Without streams, an endpoint sends only Ping."),
                peer -> {
                    long ping = peer.ping(Frame.SYN, 0);
                    peer.await(() -> peer.answered(ping));
                    for (Frame frame : peer.received()) {
                        if (frame.type() != Frame.PING) throw new Deviation(frame.toString());
                    }
                    if (peer.hasEnded()) throw new Deviation(peer.state());
                    return peer.received().size() > 1 ? "pings" : "silent";
                }));
    }

    private static void unknownStreams(List<Case> cases) {
        for (boolean own : new boolean[] {true, false}) {
            String whose = own ? "own" : "other";
            String title =
                    own ? " for an id that was never opened" : " for an id of the endpoint that was never opened";
            unknown(cases, "unknown/ack-" + whose, "ACK" + title, own, Frame.of(Frame.WINDOW_UPDATE, Frame.ACK, 0, 0));
            unknown(
                    cases,
                    "unknown/window-" + whose,
                    "Window Update" + title,
                    own,
                    Frame.of(Frame.WINDOW_UPDATE, 0, 0, 1000));
            unknown(cases, "unknown/data-" + whose, "Data" + title, own, Frame.data(0, 0, BODY));
            unknown(cases, "unknown/fin-" + whose, "FIN" + title, own, Frame.of(Frame.WINDOW_UPDATE, Frame.FIN, 0, 0));
            unknown(
                    cases,
                    "unknown/fin-data-" + whose,
                    "FIN on Data with a body" + title,
                    own,
                    Frame.data(Frame.FIN, 0, BODY));
            unknown(cases, "unknown/rst-" + whose, "RST" + title, own, Frame.of(Frame.WINDOW_UPDATE, Frame.RST, 0, 0));
        }
        Rule silent = Rule.interop(
                "rust-yamux, where a RST may reach a stream that is still sending",
                "Frames for unknown streams are not answered.");
        cases.add(Case.should("unknown/silent", "no answer to frames for an id that was never opened", silent, peer -> {
            return silent(peer, peer.newStream());
        }));
        cases.add(Case.should("unknown/silent-closed", "no answer to frames after both FINs", silent, peer -> {
            return silent(peer, Situation.closed(peer).stream());
        }));
    }

    private static void unknown(List<Case> cases, String id, String title, boolean own, Frame frame) {
        cases.add(Case.must(id, title, UNKNOWN, peer -> {
            int unknownId = (own ? peer.role() : peer.role().other()).firstId() + 1000;
            KitStream stream = peer.stream(unknownId);
            peer.send(frame.withId(unknownId));
            peer.survives();
            return stream.frames() == 0 ? "ignored" : "answered, the session continues";
        }));
    }

    private static String silent(Peer peer, KitStream stream) throws Deviation, IOException {
        int before = stream.frames();
        stream.window(0, 1000);
        stream.data(0, BODY);
        stream.window(Frame.FIN, 0);
        stream.window(Frame.RST, 0);
        peer.survives();
        peer.survives();
        int answers = stream.frames() - before;
        if (answers > 0) throw new Deviation(stream.resets() > 0 ? "answered with RST" : answers + " frames in return");
        return "no answer";
    }

    private static void goAway(List<Case> cases) {
        cases.add(Case.should(
                "go-away/0-continues",
                "GoAway(0) while a stream is open",
                Rule.spec("Session termination", "Code 0 is normal termination. Open streams may finish."),
                peer -> {
                    KitStream stream = Situation.open(peer).stream();
                    peer.goAway(0);
                    stream.data(0, BODY);
                    stream.window(Frame.FIN, 0);
                    stream.expectEchoAfter(8, BODY);
                    stream.expectEndOf(8 + BODY.length);
                    return "the stream continues to its end";
                }));
        cases.add(Case.must(
                "go-away/0-idle",
                "GoAway(0) while no stream is open",
                Rule.spec("Session termination", "Code 0 is normal termination, not an error."),
                peer -> {
                    long ping = peer.ping(Frame.SYN, 0);
                    peer.goAway(0);
                    peer.await(() -> peer.goAwayReceived() != null || peer.answered(ping));
                    Frame answer = peer.goAwayReceived();
                    if (answer != null && answer.length() != 0) throw new Deviation("answered with " + answer);
                    return peer.state();
                }));
        for (long code : new long[] {1, 2, 77}) {
            cases.add(Case.should("go-away/" + code, "GoAway(" + code + ") while a stream is open", ENDS, peer -> {
                Situation.open(peer);
                peer.goAway(code);
                if (!peer.await(peer::hasEnded)) throw new Deviation(peer.state());
                return peer.state();
            }));
        }
    }

    private static void endOfConnection(List<Case> cases) {
        cases.add(Case.must("end/idle", "the connection ends while no stream is open", CONNECTION, SessionCases::ends));
        cases.add(Case.must("end/open-stream", "the connection ends while streams are open", CONNECTION, peer -> {
            Situation.open(peer);
            Situation.withPendingEcho(peer);
            return ends(peer);
        }));
        cases.add(Case.must("end/in-header", "the connection ends within a header", CONNECTION, peer -> {
            Situation.open(peer);
            peer.sendStart(Frame.data(0, peer.takeId(), BODY), 5);
            return ends(peer);
        }));
        cases.add(Case.must("end/in-body", "the connection ends within a body", CONNECTION, peer -> {
            KitStream stream = Situation.open(peer).stream();
            peer.sendStart(Frame.data(0, stream.id(), BODY), Frame.HEADER + 10);
            return ends(peer);
        }));
    }

    private static String ends(Peer peer) throws Deviation, IOException {
        peer.endOutput();
        if (!peer.await(peer::hasEnded)) throw new Deviation("the connection stays open");
        return peer.state();
    }
}
