package org.relay4j.spring;

import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Explains how to proceed if an application does not start because the tunnel could not be opened. */
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
            return "The relay server was reached, but has no free port. Try again later, or raise its limits and extend its range"
                    + " of public ports.";
        }
        if (cause instanceof RelayProtocolException) {
            return "The program that listens there is not a relay server. relay.port must be the control port of a relay server.";
        }
        return "Check relay.host and relay.port, that the relay server is running, and that no firewall blocks the connection.";
    }
}
