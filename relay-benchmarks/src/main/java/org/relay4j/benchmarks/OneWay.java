package org.relay4j.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.io.Threads;

/** A stream on which one end sends messages, and a thread at the other end that reads until the end. */
final class OneWay {
    private final Stream sender;
    private final byte[] message;
    private final FutureTask<Long> receiver;
    private long sent; // bytes

    /**
     * @param messageSize bytes of each message
     * @param readSize bytes that the receiver asks for at once
     */
    OneWay(Stream sender, Stream receiver, int messageSize, int readSize) {
        this.sender = sender;
        message = new byte[messageSize];
        this.receiver = new FutureTask<>(() -> readAll(receiver, readSize));
        Threads.factory("receiver").newThread(this.receiver).start();
    }

    void send() throws IOException {
        sender.getOutputStream().write(message);
        sent += message.length;
    }

    /** Ends the stream and checks that all bytes have arrived. */
    void finish() throws IOException, InterruptedException, ExecutionException, TimeoutException {
        sender.close();
        long received = receiver.get(10, TimeUnit.SECONDS);
        if (received != sent) throw new IOException(received + " bytes arrived of " + sent);
    }

    private static long readAll(Stream stream, int readSize) throws IOException {
        try (stream) {
            InputStream in = stream.getInputStream();
            byte[] buffer = new byte[readSize];
            long total = 0;
            for (int length; (length = in.read(buffer)) >= 0; ) total += length;
            return total;
        }
    }
}
