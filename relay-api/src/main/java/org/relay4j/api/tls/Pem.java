package org.relay4j.api.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** PEM files (RFC 7468): certificates and PKCS#8 private keys. */
public final class Pem {
    /** Maximum size of a file. Unit: bytes. */
    static final int LARGEST = 1 << 20;

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,64})-----\\s([^-]*)-----END \\1-----");

    private static final List<String> ALGORITHMS = List.of("EC", "RSA", "EdDSA", "RSASSA-PSS");

    private Pem() {}

    /**
     * Reads all certificates of a file in order. Text around them is ignored.
     *
     * @throws IOException if the file cannot be read, has no certificate, or has one that is malformed; the message names it
     */
    public static List<X509Certificate> certificates(Path file) throws IOException {
        List<X509Certificate> certificates = new ArrayList<>();
        Matcher block = BLOCK.matcher(text(file));
        while (block.find()) {
            if (block.group(1).equals("CERTIFICATE")) certificates.add(certificate(file, decode(file, block.group(2))));
        }
        if (certificates.isEmpty()) {
            throw new IOException(file + " contains no certificate; expected PEM with -----BEGIN CERTIFICATE-----");
        }
        return List.copyOf(certificates);
    }

    /**
     * Reads the private key of a file.
     *
     * @throws IOException if the file cannot be read, or has no unencrypted PKCS#8 key; the message names it and the remedy
     */
    public static PrivateKey privateKey(Path file) throws IOException {
        Matcher block = BLOCK.matcher(text(file));
        String other = null;
        while (block.find()) {
            String type = block.group(1);
            if (type.equals("PRIVATE KEY")) return privateKey(file, decode(file, block.group(2)));
            if (type.endsWith("PRIVATE KEY")) other = type;
        }
        if (other == null) {
            throw new IOException(file + " contains no private key; expected PEM with -----BEGIN PRIVATE KEY-----");
        }
        throw new IOException(file + " contains an \"" + other + "\", which is not supported; convert it with"
                + " \"openssl pkcs8 -topk8 -nocrypt -in " + file + " -out key.pem\"");
    }

    /** Returns the text of a PEM block, in lines of 64 characters. */
    public static String encode(String type, byte[] der) {
        Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
        return "-----BEGIN " + type + "-----\n" + lines.encodeToString(der) + "\n-----END " + type + "-----\n";
    }

    private static String text(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LARGEST + 1);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null, "no such file");
        } catch (IOException e) {
            throw new IOException("cannot read " + file + ": " + e, e);
        }
        if (bytes.length > LARGEST) throw new IOException(file + " is larger than 1 MiB, so it is not a PEM file");
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static byte[] decode(Path file, String base64) throws IOException {
        try {
            return Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is malformed: " + e.getMessage(), e);
        }
    }

    private static X509Certificate certificate(Path file, byte[] der) throws IOException {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw new IOException(file + " contains a malformed certificate: " + e.getMessage(), e);
        }
    }

    private static PrivateKey privateKey(Path file, byte[] der) throws IOException {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
            } catch (InvalidKeySpecException e) {
                // A key of another algorithm.
            } catch (GeneralSecurityException e) {
                throw new IOException("cannot read the private key in " + file + ": " + e.getMessage(), e);
            }
        }
        throw new IOException(
                file + " contains a malformed private key, or one of an unknown algorithm; expected one of "
                        + ALGORITHMS + " in PKCS#8");
    }
}
