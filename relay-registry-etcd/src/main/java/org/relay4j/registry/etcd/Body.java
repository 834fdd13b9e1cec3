package org.relay4j.registry.etcd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Reads the whole body of an answer, up to a limit. */
final class Body implements HttpResponse.BodySubscriber<String> {
    /*
     * The refusals of etcd's gateway have HTTP trailers, of which the JDK's client knows nothing: it takes the first two bytes of
     * them for the end of the body, and with assertions enabled it fails. What is left may then be read as the next answer on that
     * connection. Therefore the connection is closed as soon as a refusal has been read.
     */
    /** Maximum size of an answer, and of one line of a watch; bytes. */
    static final int LARGEST = 16 << 20;

    /** The answer exceeds the limit. */
    static final class TooLong extends IOException {
        private static final long serialVersionUID = 1;

        TooLong() {
            super("an answer of more than " + LARGEST + " bytes");
        }
    }

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    private final CompletableFuture<String> body = new CompletableFuture<>();
    private final boolean refusal;
    private Flow.@Nullable Subscription subscription;

    Body(int status) {
        refusal = status != 200;
    }

    @Override
    public CompletionStage<String> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        this.subscription = subscription;
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            if (body.isDone()) return;
            if (buffer.remaining() > LARGEST - bytes.size()) {
                body.completeExceptionally(new TooLong());
                if (subscription != null) subscription.cancel();
                return;
            }
            byte[] some = new byte[buffer.remaining()];
            buffer.get(some);
            bytes.writeBytes(some);
        }
        if (refusal && text().endsWith("}")) {
            body.complete(text());
            if (subscription != null) subscription.cancel();
        }
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8).strip();
    }

    @Override
    public void onError(Throwable failure) {
        body.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        body.complete(text());
    }
}
