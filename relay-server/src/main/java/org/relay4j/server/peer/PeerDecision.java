package org.relay4j.server.peer;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.LoopDriver;

/** What becomes of a visitor of another node. Immutable. */
public final class PeerDecision {
    private final @Nullable PeerCode refusal;
    private final @Nullable LoopDriver client;
    private final byte @Nullable [] header;
    private final PeerBridge.@Nullable Owner owner;

    private PeerDecision(
            @Nullable PeerCode refusal,
            @Nullable LoopDriver client,
            byte @Nullable [] header,
            PeerBridge.@Nullable Owner owner) {
        this.refusal = refusal;
        this.client = client;
        this.header = header;
        this.owner = owner;
    }

    /** The visitor is not taken. */
    public static PeerDecision refuse(PeerCode code) {
        return new PeerDecision(code, null, null, null);
    }

    /**
     * The visitor is joined to a new stream of a client's connection. If that connection has no room for a stream within half a
     * second, the visitor is refused with {@link PeerCode#NOT_HERE}.
     *
     * @param client the connection, on the loop of the request
     * @param header bytes that the client's stream begins with, not counted; null for none. The caller does not use them again
     * @param owner learns of the end; {@link PeerBridge.Owner#ended} is called exactly once, also if the visitor is not joined
     */
    public static PeerDecision join(LoopDriver client, byte @Nullable [] header, PeerBridge.Owner owner) {
        return new PeerDecision(null, client, header, owner);
    }

    /** Returns why the visitor is not taken; null if it is. */
    public @Nullable PeerCode refusal() {
        return refusal;
    }

    @Nullable
    LoopDriver client() {
        return client;
    }

    byte @Nullable [] header() {
        return header;
    }

    PeerBridge.@Nullable Owner owner() {
        return owner;
    }
}
