package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import org.relay4j.api.tls.KeyMaterial;
import org.relay4j.api.tls.Pem;

/**
 * The PEM files of a certificate and its private key, which are to be written.
 *
 * @param files writes them
 */
record CertificateFiles(NewFiles files, Path certificate, Path key) {
    /** @throws CommandFailure if one of the files exists */
    static CertificateFiles claim(NewFiles files, String certificate, String key) {
        return new CertificateFiles(files, files.claim(certificate), files.claim(key));
    }

    /**
     * Writes both, the key so that only its owner can read it.
     *
     * @throws IOException if the certificate cannot be encoded
     * @throws CommandFailure if they cannot be written
     */
    void write(KeyMaterial material) throws IOException {
        byte[] encoded;
        try {
            encoded = material.chain().get(0).getEncoded();
        } catch (CertificateEncodingException e) {
            throw new IOException("cannot encode the certificate: " + e.getMessage(), e);
        }
        files.writeSecret(key, Pem.encode("PRIVATE KEY", material.key().getEncoded()));
        files.write(certificate, Pem.encode("CERTIFICATE", encoded));
    }
}
