package org.relay4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.relay4j.api.tls.SecretFile;
import org.relay4j.client.RelayClientOptions;

/** The proxy of the forwarder. Its password is never an argument, which other users could see. */
final class ProxyArguments {
    static final String CREDENTIALS_VARIABLE = "RELAY_PROXY_CREDENTIALS";

    private static final Pattern URL = Pattern.compile("(http|socks5)://(\\[[^\\]]*]|[^:/\\[\\]]*):(\\d{1,5})/?");
    private static final int LONGEST = 1024; // bytes of a file with credentials

    private final Arguments arguments;

    ProxyArguments(Arguments arguments) {
        this.arguments = arguments;
    }

    /** Adds the proxy to the options, if there is one. */
    void addTo(RelayClientOptions.Builder options) {
        Value proxy = arguments.get(Flag.PROXY);
        Secret secret = Secret.of(arguments, Flag.PROXY_CREDENTIALS_FILE, CREDENTIALS_VARIABLE);
        Value file = secret.file();
        if (proxy == null) {
            if (file == null) return; // one environment may serve several commands
            throw CommandFailure.usage(file.name() + " needs " + Flag.PROXY + "=http://<host>:<port>");
        }
        options.proxy(proxy(proxy));
        String source = file == null ? CREDENTIALS_VARIABLE : file.name();
        try {
            String text = file == null ? secret.text() : read(file.path());
            if (text == null) return;
            options.proxyCredentials(credentials(text)).build();
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "cannot use " + source + ": " + e.getMessage(), e);
        }
    }

    private static Proxy proxy(Value value) {
        if (value.text().indexOf('@') >= 0) { // may be a password
            throw CommandFailure.usage(value.name() + " has an @, but the user name and the password belong in "
                    + CREDENTIALS_VARIABLE + " or " + Flag.PROXY_CREDENTIALS_FILE + "=<file>");
        }
        Matcher url = URL.matcher(value.text());
        if (!url.matches()) throw value.mustBe("http://<host>:<port> or socks5://<host>:<port>");
        String host = new Value(value.name(), url.group(2)).host();
        int port = new Value(value.name(), url.group(3)).port(1);
        Proxy.Type type = url.group(1).equals("http") ? Proxy.Type.HTTP : Proxy.Type.SOCKS;
        return new Proxy(type, InetSocketAddress.createUnresolved(host, port));
    }

    /** Parses a user name, a colon and a password. The messages do not show them. */
    private static PasswordAuthentication credentials(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) throw new IllegalArgumentException("there is no colon; it must be <user>:<password>");
        return new PasswordAuthentication(
                text.substring(0, colon), text.substring(colon + 1).toCharArray());
    }

    private static String read(Path file) throws IOException {
        SecretFile.requireOwnerOnly("credentials file", file);
        byte[] content;
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(LONGEST);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null, "no such file");
        }
        return new String(content, StandardCharsets.UTF_8).strip();
    }
}
