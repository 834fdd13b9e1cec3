package org.relay4j.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.PasswordAuthentication;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.relay4j.api.RelayProxyException;

/**
 * A fuzz target: what a client makes of the answers of a proxy, and that it reads not one byte behind them. The first byte of an
 * input chooses the kind of proxy (lowest bit: SOCKS) and whether there are credentials. {@code CONTRIBUTING.md} has the command;
 * {@link ProxyAnswerFuzzTest} replays what was found.
 */
public final class ProxyAnswerFuzz {
    private static final int LONGEST_MESSAGE = 600; // characters
    private static final String PASSWORD = "never-shown";

    /** The head of the last answer, after those that announce it. */
    private static final Pattern CONNECTED = Pattern.compile(
            "(?:HTTP/1\\.[01] 1\\d\\d(?!\\d)(?s:.*?)\\n\\r?\\n)*HTTP/1\\.[01] 2\\d\\d(?!\\d)(?s:.*?)\\n\\r?\\n");

    private ProxyAnswerFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length == 0) return;
        boolean socks = (input[0] & 1) != 0;
        boolean known = (input[0] & 2) != 0;
        PasswordAuthentication credentials = known ? new PasswordAuthentication("alice", PASSWORD.toCharArray()) : null;
        ProxyRequest request = ProxyRequest.of("proxy:1", "relay.invalid", 7000, credentials);
        Answer answer = new Answer(input);
        try {
            if (socks) Socks5.run(answer, request);
            else HttpConnect.run(answer, request);
        } catch (RelayProxyException e) {
            String message = String.valueOf(e.getMessage());
            check(message.length() <= LONGEST_MESSAGE, "a message of " + message.length() + " characters");
            check(message.chars().allMatch(c -> c >= ' ' && c < 0x7F), "not printable: " + message);
            check(!message.contains(PASSWORD), "the password");
            return;
        } catch (EOFException e) {
            check(answer.at == input.length, "an end before the end");
            return;
        }
        String read = new String(input, 1, answer.at - 1, StandardCharsets.ISO_8859_1);
        if (!socks) {
            check(CONNECTED.matcher(read).matches(), "connected by " + read);
            check(read.length() <= HttpConnect.LONGEST_HEAD, "a head of " + read.length() + " bytes");
        } else check(read.length() == lengthOfSocks(input, known), "connected by " + read.length() + " bytes");
    }

    /** The length of the answers of a SOCKS proxy that connects. */
    private static int lengthOfSocks(byte[] input, boolean known) {
        check(input[1] == 5 && (input[2] == 0 || (known && input[2] == 2)), "the method");
        int reply = input[2] == 0 ? 3 : 5;
        if (reply == 5) check(input[3] == 1 && input[4] == 0, "the credentials");
        check(input[reply] == 5 && input[reply + 1] == 0 && input[reply + 2] == 0, "the reply");
        int address = switch (input[reply + 3]) {
            case 1 -> 4;
            case 3 -> 1 + (input[reply + 4] & 0xFF);
            case 4 -> 16;
            default -> throw new AssertionError("the type of the address");
        };
        return reply - 1 + 4 + address + 2;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }

    /** Answers whatever it is asked. */
    private static final class Answer implements Dialogue {
        private final byte[] input;
        private int at = 1; // index of the next byte

        Answer(byte[] input) {
            this.input = input;
        }

        @Override
        public byte read() throws IOException {
            if (at == input.length) throw new EOFException();
            return input[at++];
        }

        @Override
        public void write(byte[] bytes) {
            check(bytes.length > 0, "nothing");
        }
    }
}
