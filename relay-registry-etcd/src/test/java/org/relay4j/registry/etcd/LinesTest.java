package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;

/** Answers in parts, as they come from a connection, and their bounds. */
class LinesTest {
    private static final class Source implements Flow.Subscription {
        long requested;
        boolean cancelled;

        @Override
        public void request(long count) {
            requested += count;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    private final Source source = new Source();
    private final List<String> lines = new ArrayList<>();
    private final CompletableFuture<Void> handled = new CompletableFuture<>();

    private static void feed(HttpResponse.BodySubscriber<String> subscriber, String text) {
        subscriber.onNext(List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
    }

    private Lines lines() {
        Lines subscriber = new Lines(line -> {
            lines.add(line);
            return handled;
        });
        subscriber.onSubscribe(source);
        return subscriber;
    }

    @Test
    void partsAreJoinedAndLinesSplit() {
        Lines subscriber = lines();
        feed(subscriber, "a");
        feed(subscriber, "b\nc");
        feed(subscriber, "\n\n");
        assertEquals(List.of("ab", "c", ""), lines);
    }

    @Test
    void nothingIsReadBeforeTheLinesSoFarAreHandled() {
        Lines subscriber = lines();
        assertEquals(1, source.requested);
        feed(subscriber, "a\n");
        assertEquals(1, source.requested);
        handled.complete(null);
        assertEquals(2, source.requested);
    }

    @Test
    void aLineWithoutEndIsRefused() {
        Lines subscriber = lines();
        handled.complete(null);
        String part = "x".repeat(1 << 20);
        for (int i = 0; i <= Body.LARGEST >> 20 && !source.cancelled; i++) feed(subscriber, part);
        assertTrue(source.cancelled);
        assertTrue(subscriber.getBody().toCompletableFuture().isCompletedExceptionally());
        assertEquals(List.of(), lines);
    }

    @Test
    void aBodyWithoutEndIsRefused() {
        Body body = new Body(200);
        body.onSubscribe(source);
        String part = "x".repeat(1 << 20);
        for (int i = 0; i < Body.LARGEST >> 20; i++) feed(body, part);
        assertFalse(source.cancelled);
        feed(body, "x");
        assertTrue(source.cancelled);
        assertTrue(body.getBody().toCompletableFuture().isCompletedExceptionally());
    }

    @Test
    void theConnectionOfARefusalIsNotUsedAgain() throws Exception {
        Body body = new Body(404);
        body.onSubscribe(source);
        feed(body, "{\"code\":");
        assertFalse(source.cancelled);
        feed(body, "5}\n");
        assertTrue(source.cancelled);
        assertEquals("{\"code\":5}", body.getBody().toCompletableFuture().get());
    }

    @Test
    void theConnectionOfAnAnswerIsUsedAgain() throws Exception {
        Body body = new Body(200);
        body.onSubscribe(source);
        feed(body, "{}\n");
        body.onComplete();
        assertFalse(source.cancelled);
        assertEquals("{}", body.getBody().toCompletableFuture().get());
    }
}
