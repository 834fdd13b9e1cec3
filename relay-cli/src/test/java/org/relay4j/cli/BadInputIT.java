package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.testing.FixedPort;

/** What goes wrong at the user's side: one line that names the value, the right exit code, and no stack trace. */
@Tag("slow") // starts many processes; nothing here depends on the JDK
class BadInputIT {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "none",
            value = {
                "none                                            | <localport>",
                "-1                                              | -1",
                "70000                                           | 70000",
                "seven                                           | seven",
                "--localForwardPort=-1 localhost 7000            | -1",
                "--localForwardPort=70000 localhost 7000         | 70000",
                "--localForwardPort=redis localhost 7000         | redis",
                "--localForwardPort=6379 localhost -1            | -1",
                "--localForwardPort=6379 localhost 70000         | 70000",
                "--localForwardPort=6379 localhost seven         | seven",
                "--localForwardPort=6379 localhost               | <port>",
                "--localForwardPort                              | --localForwardPort",
                "localhost 7000                                  | --localForwardPort",
                "localhost:7000                                  | --localForwardPort",
                "--localForwardPort=6379 localhost:70000         | 70000",
                "--localForwardPort=1 --localForwardPort=2 a:7   | --localForwardPort",
                "help me                                         | me",
                "--max-tunnels=5 --localForwardPort=1 localhost 7| --max-tunnels",
                "--no-reconnect 7000                             | --no-reconnect",
                "--frobnicate 7000                               | --frobnicate",
                "--public-bind=203.0.113.1 7000                  | 203.0.113.1",
                "--bind=203.0.113.1 7000                         | 203.0.113.1"
            })
    void wrongArguments(String arguments, String named) throws Exception {
        complains(2, named, arguments == null ? new String[0] : arguments.split(" "));
    }

    @Test
    void unknownHost() throws Exception {
        complains(3, "no-such-host.invalid", "--localForwardPort=6379", "no-such-host.invalid", "7000");
    }

    @Test
    void noListener() throws Exception {
        int port = FixedPort.free();
        complains(3, "127.0.0.1:" + port, "--localForwardPort=6379", "127.0.0.1", "" + port);
    }

    @Test
    void portInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            complains(5, "" + taken.getLocalPort(), "" + taken.getLocalPort());
        }
    }

    @Test
    void serverThatNeverAnswers() throws Exception {
        // Connections to it are completed by the kernel, and wait for an accept that does not come.
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String port = "" + silent.getLocalPort();
            complains(3, port, "--handshake-timeout=300ms", "--localForwardPort=6379", "127.0.0.1", port);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "3||closed the connection",
                "3|45|closed the connection",
                "3|SSH-2.0-OpenSSH_9.2\\r\\n|SSH-2.0-OpenSSH_9.2",
                "3|70000\\n|70000",
                "3|0\\n|\"0\"",
                "5|ERR no-port-free all 10 are taken\\n|all 10 are taken",
                "5|ERR limit-reached 3 tunnels\\n|3 tunnels",
                "1|ERR internal oh\\n|internal"
            })
    void answerThatIsNoPort(int code, String answer, String named) throws Exception {
        String bytes = answer == null ? "" : answer.replace("\\r", "\r").replace("\\n", "\n");
        try (FirstLineServer other = new FirstLineServer(bytes)) {
            complains(code, named, "--localForwardPort=6379", "127.0.0.1", "" + other.port());
        }
    }

    private static void complains(int code, String named, String... arguments) throws InterruptedException {
        try (ChildProcess relay = ChildProcess.relay(arguments)) {
            int exit = relay.awaitExit();
            String errors = relay.errors();
            String run = "relay " + Arrays.toString(arguments) + ": " + errors;
            assertEquals(code, exit, run);
            assertEquals(1, errors.lines().count(), run);
            assertTrue(errors.startsWith("relay: ") && errors.contains(named), run);
            assertTrue(!errors.contains("at org.") && !errors.contains("Exception"), run);
            assertEquals(List.of(), relay.remainingLines(), run);
        }
    }
}
