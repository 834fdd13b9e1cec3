package org.relay4j.conformance;

import java.io.IOException;

/** The kit's part in one case. */
@FunctionalInterface
interface Script {
    /**
     * Plays the kit's part over a new connection.
     *
     * @return the observed behaviour, if it is as expected
     * @throws Deviation if the behaviour is not as expected
     * @throws NotApplicable if the endpoint's behaviour does not allow the case to be tested
     * @throws IOException if the endpoint ended the connection or did not read data when it should have
     */
    String play(Peer peer) throws Deviation, NotApplicable, IOException;
}
