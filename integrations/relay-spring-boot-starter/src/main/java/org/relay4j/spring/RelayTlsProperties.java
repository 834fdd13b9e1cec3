package org.relay4j.spring;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.ClientTls;

/** The properties {@code relay.tls.*}: encryption of the connection to the relay server. */
final class RelayTlsProperties {
    /** Whether the connection to the relay server is encrypted. Default: true if another property of relay.tls is set. */
    private @Nullable Boolean enabled;

    /** PEM file with certificates to verify the relay server's certificate with, instead of those of Java. */
    private @Nullable Path ca;

    /** Fingerprint that the relay server's certificate must have, as "relay keygen" prints it: sha256: and 64 hexadecimal digits. */
    private @Nullable String pin;

    /** PEM file with a certificate of this application, its own first, for relay servers that ask for one. */
    private @Nullable Path certificate;

    /** PEM file with the private key of the certificate: PKCS#8, not encrypted. */
    private @Nullable Path key;

    /** Returns the settings for the client; null for a connection that is not encrypted. */
    @Nullable
    ClientTls client() {
        boolean any = ca != null || pin != null || certificate != null || key != null;
        if (enabled == null ? !any : !enabled) return null;
        ClientTls trust = trust();
        if (certificate == null && key == null) return trust;
        if (key == null) {
            throw invalid("certificate", certificate, "it needs relay.tls.key, the private key of the certificate");
        }
        if (certificate == null) {
            throw invalid("key", key, "it needs relay.tls.certificate, the certificate of the key");
        }
        try {
            return trust.withCertificate(certificate, key);
        } catch (IOException e) {
            throw invalid("certificate", certificate, String.valueOf(e.getMessage()));
        }
    }

    private ClientTls trust() {
        if (pin != null && ca != null) {
            throw invalid(
                    "pin",
                    pin,
                    "relay.tls.ca is also set; they are two ways to verify the server, set only one of them");
        }
        if (pin != null) {
            try {
                return ClientTls.pinned(pin);
            } catch (IllegalArgumentException e) {
                throw invalid("pin", pin, String.valueOf(e.getMessage()));
            }
        }
        if (ca == null) return ClientTls.systemTrust();
        try {
            return ClientTls.trusting(ca);
        } catch (IOException e) {
            throw invalid("ca", ca, String.valueOf(e.getMessage()));
        }
    }

    private static RuntimeException invalid(String name, @Nullable Object value, String reason) {
        return RelayProperties.invalid("tls." + name, value, reason);
    }

    // ---- for the binder

    public @Nullable Boolean getEnabled() {
        return enabled;
    }

    public void setEnabled(@Nullable Boolean enabled) {
        this.enabled = enabled;
    }

    public @Nullable Path getCa() {
        return ca;
    }

    public void setCa(@Nullable Path ca) {
        this.ca = ca;
    }

    public @Nullable String getPin() {
        return pin;
    }

    public void setPin(@Nullable String pin) {
        this.pin = pin;
    }

    public @Nullable Path getCertificate() {
        return certificate;
    }

    public void setCertificate(@Nullable Path certificate) {
        this.certificate = certificate;
    }

    public @Nullable Path getKey() {
        return key;
    }

    public void setKey(@Nullable Path key) {
        this.key = key;
    }
}
