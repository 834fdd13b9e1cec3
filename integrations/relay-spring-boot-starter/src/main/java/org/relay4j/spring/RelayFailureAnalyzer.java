package org.relay4j.spring;

import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says what can be done when an application does not start for want of its tunnel. */
final class RelayFailureAnalyzer extends AbstractFailureAnalyzer<RelayException> {
    private static final String WITHOUT =
            " To start and keep trying, set relay.fail-fast=false; to start without a tunnel, relay.enabled=false.";

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, RelayException cause) {
        return new FailureAnalysis(
                "The application got no public port from the relay server: " + cause.getMessage(),
                remedy(cause) + WITHOUT,
                cause);
    }

    private static String remedy(RelayException cause) {
        if (cause instanceof RelayRefusedException) {
            return "The relay server is reached, but has no port to give at the moment. Try again later, or have its limits"
                    + " and its range of public ports extended.";
        }
        if (cause instanceof RelayProtocolException) {
            return "Something else than a relay server listens there. relay.port must be the control port of a relay server.";
        }
        return "Check relay.host and relay.port, that the relay server runs, and that no firewall is in between.";
    }
}
