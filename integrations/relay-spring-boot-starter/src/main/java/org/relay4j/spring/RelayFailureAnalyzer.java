package org.relay4j.spring;

import java.util.Locale;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayProxyException;
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
        if (cause instanceof RelayRefusedException refused) return refusal(refused.code());
        if (cause instanceof RelayOptionException unusable) {
            return "Check relay." + property(unusable.option()) + ".";
        }
        if (cause instanceof RelayProxyException proxy) {
            return proxy.isAboutCredentials()
                    ? "Check relay.proxy.username and relay.proxy.password."
                    : "Check relay.proxy.host, relay.proxy.port and relay.proxy.type, and that the proxy allows connections to"
                            + " relay.host and relay.port.";
        }
        if (cause instanceof RelayCertificateException) {
            return "Check relay.host, relay.tls.ca and relay.tls.pin, or relay.tls.certificate if the server rejected that one. If they are"
                    + " right, another server may have answered: do not connect to it.";
        }
        if (cause instanceof RelayProtocolException) {
            return "The program that listens there is not a relay server. relay.port must be the control port of a relay server.";
        }
        return "Check relay.host and relay.port, that the relay server is running, and that no firewall blocks the connection.";
    }

    /** Returns the property of an option: leaseFile is lease-file. */
    private static String property(String option) {
        return option.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static String refusal(String code) {
        return switch (code) {
            case "auth-required" -> "The relay server requires a name: set relay.name and relay.key-file.";
            case "auth-failed", "tls-mismatch" ->
                "Check relay.name, and that the relay server knows the client's public key.";
            case "port-unavailable" ->
                "Set another relay.public-port or relay.endpoint, or ask the operator of the relay server.";
            case "no-port-free", "limit-reached" ->
                "The relay server was reached, but has no free port. Try again later, or raise its limits and extend its range"
                        + " of public ports.";
            default -> "Ask the operator of the relay server.";
        };
    }
}
