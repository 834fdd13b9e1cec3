package org.relay4j.yamux.core;

/** Which end of a session this is. It decides the parity of the stream ids an end may open, and nothing else. */
public enum Role {
    /** Opens streams with odd ids. */
    CLIENT(1, Integer.parseUnsignedInt("4294967293")),
    /** Opens streams with even ids. */
    SERVER(2, Integer.parseUnsignedInt("4294967292"));

    /** The first id this end opens. */
    final int firstId;

    /** The last id this end opens; the same limit as in hashicorp/yamux. Unsigned. */
    final int lastId;

    Role(int firstId, int lastId) {
        this.firstId = firstId;
        this.lastId = lastId;
    }

    /** True when streams with this id are opened by this end. */
    boolean opens(int id) {
        return (id & 1) == (firstId & 1);
    }
}
