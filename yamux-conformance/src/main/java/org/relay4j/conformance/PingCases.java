package org.relay4j.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Cases for pings and unsolicited answers. */
final class PingCases {
    private static final Rule ECHO =
            Rule.spec("Length Field", "A Ping with SYN is answered with a Ping with ACK, id 0 and the same value.");
    private static final Rule IGNORE =
            Rule.robust("A Ping that is neither a request nor the answer to one is ignored.");
    private static final int BURST = 1000; // pings

    private PingCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        answers(cases);
        odd(cases);
        bursts(cases);
        return cases;
    }

    private static void answers(List<Case> cases) {
        cases.add(Case.must("ping/first", "a ping before the first stream", ECHO, PingCases::answered));
        for (long value : new long[] {0, 1, 0x8000_0000L, Frame.MAX_LENGTH}) {
            cases.add(Case.must(
                    "ping/value-" + Long.toHexString(value),
                    "a ping with the value 0x" + Long.toHexString(value),
                    ECHO,
                    peer -> answered(peer, peer.ping(Frame.SYN, 0, value))));
        }
        cases.add(Case.must("ping/no-credit", "a ping while a stream has no credit", ECHO, peer -> {
            Situation.withPendingEcho(peer);
            return answered(peer);
        }));
        cases.add(Case.must("ping/answer", "the form of the answer", ECHO, peer -> {
            answered(peer);
            Frame pong = peer.received().stream()
                    .filter(frame -> frame.type() == Frame.PING && !frame.has(Frame.SYN))
                    .findFirst()
                    .orElseThrow(() -> new Deviation("SYN on the answer"));
            if (pong.flags() != Frame.ACK || pong.id() != 0) throw new Deviation(pong.toString());
            return pong.toString();
        }));
    }

    private static String answered(Peer peer) throws Deviation, IOException {
        return answered(peer, peer.ping(Frame.SYN, 0));
    }

    private static String answered(Peer peer, long ping) throws Deviation, IOException {
        if (!peer.await(() -> peer.answered(ping))) throw new Deviation("no answer: " + peer.state());
        return "answered";
    }

    private static void odd(List<Case> cases) {
        cases.add(Case.should(
                "ping/id",
                "a ping with a stream id",
                Rule.robust("The id of a Ping has no meaning. The answer has id 0."),
                peer -> {
                    long ping = peer.ping(Frame.SYN, 7);
                    answered(peer, ping);
                    boolean clean = peer.received().stream().allMatch(frame -> frame.id() == 0);
                    if (!clean) throw new Deviation("answered with the same id");
                    return "answered with id 0";
                }));
        cases.add(Case.should("ping/no-flags", "a ping without flags", IGNORE, peer -> {
            long ping = peer.ping(0, 0);
            peer.survives();
            if (peer.answered(ping)) throw new Deviation("answered");
            return "ignored";
        }));
        cases.add(Case.should("ping/unsolicited", "an unsolicited answer", IGNORE, peer -> {
            peer.send(Frame.of(Frame.PING, Frame.ACK, 0, 0xdeadbeefL));
            peer.send(Frame.of(Frame.PING, Frame.ACK, 0, 0xdeadbeefL));
            peer.survives();
            return "ignored";
        }));
        cases.add(Case.should(
                "ping/none-unsolicited",
                "the endpoint answers each ping once",
                Rule.interop(
                        "rust-yamux and js-libp2p-yamux, which end the session after an unsolicited answer",
                        "Every Ping with ACK answers a Ping with SYN."),
                peer -> {
                    for (int i = 0; i < 10; i++) answered(peer);
                    peer.survives();
                    if (peer.strayPongs() > 0) throw new Deviation(peer.strayPongs() + " unsolicited answers");
                    return "as many answers as pings";
                }));
    }

    private static void bursts(List<Case> cases) {
        cases.add(Case.must(
                "ping/burst",
                BURST + " pings at once",
                Rule.robust("Many pings may slow an endpoint down, but do no other harm."),
                peer -> {
                    burst(peer);
                    peer.survives();
                    return "the session continues";
                }));
        cases.add(Case.should("ping/burst-answered", BURST + " pings at once, all answered", ECHO, peer -> {
            List<Long> pings = burst(peer);
            peer.await(() -> pings.stream().allMatch(peer::answered));
            long answered = pings.stream().filter(peer::answered).count();
            if (answered < BURST) throw new Deviation(answered + " of " + BURST + " answered");
            return "all answered";
        }));
    }

    private static List<Long> burst(Peer peer) {
        List<Long> pings = new ArrayList<>();
        peer.together(() -> {
            for (int i = 0; i < BURST; i++) pings.add(peer.ping(Frame.SYN, 0));
        });
        return pings;
    }
}
