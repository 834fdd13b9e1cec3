package org.relay4j.server;

/** Receives the answer to a claim. Exactly one of the methods is called, once, on the loop of the claim. */
interface Claimant {
    /** The client has its tunnel. {@link TunnelGrant#start} or {@link TunnelGrant#abandon} must follow. */
    void granted(TunnelGrant grant);

    /** The client gets no tunnel. The refusal has been counted and logged. */
    void refused(ControlRefusal refusal);
}
