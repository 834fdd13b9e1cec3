package org.relay4j.conformance;

import java.io.IOException;

/** What the kit does in one case. */
@FunctionalInterface
interface Script {
    /**
     * Plays the kit's part over a fresh connection.
     *
     * @return what was seen, when that is what it should be
     * @throws Deviation when something else was seen
     * @throws NotApplicable when the endpoint gave no occasion
     * @throws IOException when the endpoint ended the connection, or did not take what was sent, where it should have
     */
    String play(Peer peer) throws Deviation, NotApplicable, IOException;
}
