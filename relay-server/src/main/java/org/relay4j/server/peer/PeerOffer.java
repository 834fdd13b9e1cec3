package org.relay4j.server.peer;

import java.io.IOException;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Splice;
import org.relay4j.yamux.io.SpliceOffer;

/** A visitor on its way to another node, until that node has answered. On the loop of the link. */
final class PeerOffer implements PeerSending, SpliceOffer.Answer {
    private final PeerVisitor visitor;
    private final long epoch;
    private final Endpoint endpoint;
    private final PeerOutcome outcome;
    private PeerLink link; // that has taken it
    private LoopDriver driver; // of the link, once it was sent

    @SuppressWarnings("NullAway.Init") // set before the answer
    PeerOffer(PeerVisitor visitor, long epoch, Endpoint endpoint, PeerOutcome outcome) {
        this.visitor = visitor;
        this.epoch = epoch;
        this.endpoint = endpoint;
        this.outcome = outcome;
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public boolean send(PeerLink taker, LoopDriver over) {
        link = taker;
        driver = over;
        byte[] header = PeerHeader.encode(visitor.header(), endpoint, epoch, null);
        return SpliceOffer.make(over, visitor.wire(), visitor.read(), header, outcome, this);
    }

    @Override
    public void accepted(Splice splice) {
        link.answered(this);
        outcome.accepted(splice, driver);
    }

    @Override
    public void declined(Cause cause) {
        link.answered(this);
        PeerCode code = cause.kind() == Cause.Kind.RESET_BY_PEER ? PeerCode.of(cause.code()) : null;
        String why = link + ": " + (code == null ? cause.message() : code.text());
        if (code == PeerCode.LIMIT) visitor.loop().execute(() -> outcome.refused(why));
        else elsewhere(why);
    }

    @Override
    public void failed(IOException failure) {
        link.answered(this);
        visitor.loop().execute(() -> outcome.gone(failure));
    }

    /** The visitor is the caller's again. */
    @Override
    public void elsewhere(String why) {
        visitor.loop().execute(() -> outcome.tryElsewhere(why));
    }
}
