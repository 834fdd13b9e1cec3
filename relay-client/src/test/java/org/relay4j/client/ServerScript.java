package org.relay4j.client;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import org.relay4j.testing.Await;

/** What a server of the extended protocol says: the next answer to each client that asks. */
final class ServerScript {
    final List<String> requests = new CopyOnWriteArrayList<>();
    final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    final BlockingQueue<Socket> established = new LinkedBlockingQueue<>(); // those that were answered with OK

    /** Says the next answer; after OK the test has the connection until it is closed. */
    void serve(Socket connection) throws Exception {
        say(connection, "HELLO 00112233445566778899aabbccddeeff");
        StringBuilder request = new StringBuilder();
        for (int next; (next = connection.getInputStream().read()) != '\n'; ) request.append((char) next);
        requests.add(request.toString());
        String answer = answers.take();
        say(connection, answer);
        if (!answer.startsWith("OK ")) return;
        established.add(connection);
        Await.until("the test has closed it", connection::isClosed);
    }

    private static void say(Socket connection, String line) throws IOException {
        connection.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }
}
