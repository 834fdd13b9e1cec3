package org.relay4j.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A local service whose visitors say how long they stay, and get its name as the answer at the end. Visitors that say nothing, such as
 * the checks of a load balancer, are no visits.
 */
final class StayService implements AutoCloseable {
    private static final String NAME = "stayed";

    private final String name;
    private final ServerSocket listener = new ServerSocket(0, 4096, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    final AtomicInteger visits = new AtomicInteger();

    StayService() throws IOException {
        this(NAME);
    }

    StayService(String name) throws IOException {
        this.name = name;
        threads.execute(() -> {
            try {
                while (true) {
                    Socket visitor = listener.accept();
                    threads.execute(() -> serve(visitor));
                }
            } catch (IOException e) {
                // closed
            }
        });
    }

    int port() {
        return listener.getLocalPort();
    }

    private void serve(Socket visitor) {
        try (visitor) {
            StringBuilder time = new StringBuilder();
            for (int next; (next = visitor.getInputStream().read()) != '\n'; ) {
                if (next < 0) return;
                time.append((char) next);
            }
            visits.incrementAndGet();
            TimeUnit.MILLISECONDS.sleep(Integer.parseInt(time.toString())); // the duration of the visit
            visitor.getOutputStream().write(answer(name, time.toString()).getBytes(StandardCharsets.US_ASCII));
            visitor.shutdownOutput();
            while (visitor.getInputStream().read() >= 0) {} // a close with unread bytes is a reset
        } catch (IOException | InterruptedException e) {
            // the visitor sees it too
        }
    }

    private static String answer(String name, String time) {
        return name + " " + time;
    }

    /**
     * Visits a service.
     *
     * @param time how long to stay; ms
     * @param patience how long to wait for the connection, and then for the answer; ms
     * @return the name of the service
     * @throws IOException if there is no complete answer
     */
    static String visit(InetSocketAddress address, int time, int patience) throws IOException {
        try (Socket visitor = new Socket()) {
            visitor.connect(address, patience);
            visitor.setSoTimeout(patience);
            visitor.getOutputStream().write((time + "\n").getBytes(StandardCharsets.US_ASCII));
            String answer = new String(visitor.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            String end = answer("", String.valueOf(time));
            if (!answer.endsWith(end)) throw new IOException("the answer was '" + answer + "'");
            return answer.substring(0, answer.length() - end.length());
        }
    }

    /** Visits a service that has the usual name. */
    static void visit(InetSocketAddress address, int time) throws IOException {
        String name = visit(address, time, (int) ChildProcess.DEADLINE.toMillis());
        if (!name.equals(NAME)) throw new IOException("the answer was that of '" + name + "'");
    }

    @Override
    public void close() throws IOException {
        listener.close();
        threads.shutdownNow();
    }
}
