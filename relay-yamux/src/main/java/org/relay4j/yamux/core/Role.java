package org.relay4j.yamux.core;

/** The role of one end of a session. It determines only the parity of the stream ids that this end may open. */
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

    /** Returns true if this end opens streams with this id. */
    boolean opens(int id) {
        return (id & 1) == (firstId & 1);
    }
}
