package org.relay4j.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A known limitation of a peer. The tests fail if a limitation no longer shows, so that it is removed from this list when a new
 * version of the peer does not have it.
 *
 * @param peer the peer, in both roles
 * @param scenario the method of the test, or the name of a scenario in which the peer opens the streams
 * @param failure found in the failure of the scenario
 * @param reason the footnote in the document
 */
record Deviation(Peer peer, String scenario, Pattern failure, String reason) {
    private static final List<Deviation> KNOWN = new ArrayList<>();

    static {
        String noReset =
                "It cannot reset a stream: it closes its direction, and RST follows if ours is not closed within its close"
                        + " timeout (5 minutes by default).";
        known(Peer.HASHICORP, noReset, "StreamResetException to be thrown, but nothing was", "resetByThePeerIsNoEnd");
        known(Peer.FATEDIER, noReset, "StreamResetException to be thrown, but nothing was", "resetByThePeerIsNoEnd");
        String noHalfClose =
                "It has the `Close` of hashicorp's v0.1.1: after it has closed its own direction, a stream reads as ended"
                        + " whenever its buffer is empty.";
        known(Peer.FATEDIER, noHalfClose, "Write timed out", "visitorContinuesAfterTheServicesEnd");
        known(Peer.FATEDIER, noHalfClose, "got \"\" back", "streamThatThePeerOpensBesideOurs");
        known(Peer.FATEDIER, noHalfClose, "unsupported .* reads as ended", "late-reply", "slow-peer");
        String endsAtGoAway = "It ends the session, and with it all streams, when it receives GoAway."
                + " Only `Session.closeWhenDone()` and `RelayAcceptor.close()` send GoAway while streams are open.";
        known(Peer.GO_YAMUX, endsAtGoAway, "the connection (was lost|ended)", "gracefulCloseLetsStreamsEnd");
        known(Peer.RUST, endsAtGoAway, "the connection (was lost|ended)", "gracefulCloseLetsStreamsEnd");
        known(
                Peer.CHAINSAFE,
                endsAtGoAway,
                "the connection (was lost|ended)|Read timed out",
                "gracefulCloseLetsStreamsEnd");
        String fewStreams = "It ends the session with a protocol error when a 513th stream is open.";
        known(Peer.RUST, fewStreams, "the peer ended the session with code 1", "aThousandConnectionsAtOnce");
        String sameWindow = "It cannot announce a window larger than the initial 256 KiB.";
        known(Peer.RUST, sameWindow, "-window 6291456: .*cannot announce", "largeWindowOfThePeerIsFilled");
        known(Peer.CHAINSAFE, sameWindow, "Write timed out", "largeWindowOfThePeerIsFilled");
        String noGoAway = "It sends GoAway only as the end of the session.";
        known(Peer.RUST, noGoAway, "expected: <121> but was: <-1>", "goAwayOfThePeerLetsStreamsEnd");
        known(Peer.CHAINSAFE, noGoAway, "expected: <121> but was: <-1>", "goAwayOfThePeerLetsStreamsEnd");
        String noCall = "The library has no call for it.";
        known(Peer.RUST, noCall, "unsupported", "ping", "no-stream-left");
        String noEnd = "It does not notice FIN, so it never replies to it or ends the stream.";
        known(
                Peer.YAMUX_JS,
                noEnd,
                "timed out|TimeoutException",
                "noByteInEitherDirection",
                "endedBeforeAnyAnswer",
                "echoOfRandomSizes",
                "twoHundredEchoesAtOnce",
                "lateReplyAfterTheVisitorsEnd",
                "replyReadAfterBothEnds",
                "slowService",
                "slowReader",
                "manyBytesToThePeer",
                "goAwayOfThePeerLetsStreamsEnd",
                "gracefulCloseLetsStreamsEnd",
                "streamThatWeRefuseHarmsNoOther");
        known(Peer.YAMUX_JS, noEnd, "unsupported .* the end of a stream", "empty", "open-close", "no-stream-left");
        known(Peer.YAMUX_JS, noCall, "unsupported", "ping");
        String refuses = "It resets open streams beyond 256.";
        known(Peer.YAMUX_JS, refuses, "Connection reset|timed out", "aThousandConnectionsAtOnce");
        String never = "It never resets a stream that it has accepted.";
        known(Peer.YAMUX_JS, never, "nothing was thrown", "resetByThePeerIsNoEnd", "resetByThePeerStopsAWriter");
        String ignores = "It ignores the window announced with a new stream.";
        known(Peer.YAMUX_JS, ignores, "expected: <6291456> but was: <262144>", "largeWindowOfOursIsFilled");
    }

    private static void known(Peer peer, String reason, String failure, String... scenarios) {
        for (String scenario : scenarios) {
            KNOWN.add(new Deviation(peer, scenario, Pattern.compile(failure), reason));
        }
    }

    static Optional<Deviation> of(Peer peer, String scenario) {
        return KNOWN.stream()
                .filter(known -> known.peer == peer && known.scenario.equals(scenario))
                .findAny();
    }

    /** All reasons; the first one is footnote 1. */
    static List<String> reasons() {
        return KNOWN.stream().map(Deviation::reason).distinct().toList();
    }

    /** All scenarios in which some peer fails. */
    static List<String> scenarios() {
        return KNOWN.stream().map(Deviation::scenario).distinct().toList();
    }

    /** Checks the outcome of the scenario with this peer; null means success. */
    void check(@Nullable String outcome) {
        if (outcome == null) {
            throw new AssertionError(peer + " now passes " + scenario + ": remove the limitation \"" + reason + "\"");
        }
        if (!failure.matcher(outcome).find()) {
            throw new AssertionError(
                    peer + " fails in " + scenario + " with " + outcome + ", which does not match " + failure);
        }
    }
}
