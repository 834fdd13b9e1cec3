package org.relay4j.registry.etcd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads the lines of an answer that has no end. Reads on only when the lines so far have been handled. */
final class Lines implements HttpResponse.BodySubscriber<String> {
    private final Function<String, CompletableFuture<Void>> handler;
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(512); // so far
    private Flow.@Nullable Subscription subscription;

    /** @param handler returns a stage that completes when the line has been handled */
    Lines(Function<String, CompletableFuture<Void>> handler) {
        this.handler = handler;
    }

    @Override
    public CompletionStage<String> getBody() {
        return end;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        this.subscription = subscription;
        subscription.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        List<CompletableFuture<Void>> handled = new ArrayList<>();
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next != '\n') line.write(next);
                else handled.add(handler.apply(take()));
                if (line.size() > Body.LARGEST) {
                    fail(new IOException("a line of more than " + Body.LARGEST + " bytes"));
                    return;
                }
            }
        }
        var unused = CompletableFuture.allOf(handled.toArray(CompletableFuture[]::new))
                .thenRun(this::readOn);
    }

    private String take() {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        return text;
    }

    private void readOn() {
        if (subscription != null) subscription.request(1);
    }

    private void fail(IOException failure) {
        if (subscription != null) subscription.cancel();
        end.completeExceptionally(failure);
    }

    @Override
    public void onError(Throwable failure) {
        end.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        end.complete("{}");
    }
}
