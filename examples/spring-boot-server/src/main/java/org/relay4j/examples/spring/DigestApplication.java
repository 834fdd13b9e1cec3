package org.relay4j.examples.spring;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import org.relay4j.spring.TunnelUp;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.event.EventListener;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * A Spring Boot application with a public port. GET / says its name, POST /digest returns the SHA-256 of the posted bytes, GET
 * /random/n returns n bytes, and POST /echo returns the posted bytes as they arrive. The starter and the properties relay.host and
 * relay.port make it reachable:
 *
 * <pre>{@code
 * mvn -pl examples/spring-boot-server -am package -DskipTests &&
 *     java -jar examples/spring-boot-server/target/spring-boot-server.jar --relay.host=localhost --relay.port=7000
 * }</pre>
 */
@SpringBootApplication
@RestController
public class DigestApplication {
    public static void main(String[] args) {
        SpringApplication.run(DigestApplication.class, args);
    }

    @EventListener
    void sayWhere(TunnelUp event) {
        System.out.println("try: curl --data hello http://"
                + event.publicAddress().getHostString() + ":"
                + event.publicAddress().getPort() + "/digest");
    }

    @GetMapping("/")
    String hello(@Value("${spring.application.name:Spring Boot}") String name) {
        return "Hello from " + name;
    }

    @PostMapping("/digest")
    String digest(InputStream body) throws IOException {
        MessageDigest digest = sha256();
        new DigestInputStream(body, digest).transferTo(OutputStream.nullOutputStream());
        return HexFormat.of().formatHex(digest.digest());
    }

    @GetMapping("/random/{length}")
    void random(@PathVariable("length") int length, OutputStream reply) throws IOException {
        writeRandom(length, reply);
    }

    /** Sends each piece back before it reads the next one. */
    @PostMapping("/echo")
    void echo(InputStream body, OutputStream reply) throws IOException {
        byte[] piece = new byte[64 * 1024];
        for (int length; (length = body.read(piece)) >= 0; ) {
            reply.write(piece, 0, length);
            reply.flush();
        }
    }

    /** Returns the same bytes each time for the same length. */
    static void writeRandom(int length, OutputStream out) throws IOException {
        Random random = new Random(length);
        byte[] piece = new byte[64 * 1024];
        for (int left = length; left > 0; left -= piece.length) {
            random.nextBytes(piece);
            out.write(piece, 0, Math.min(left, piece.length));
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }
}
