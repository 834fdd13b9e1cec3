package org.relay4j.spring;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.spring.WebApplication.get;
import static org.relay4j.spring.WebApplication.publicPort;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.RelayException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.Visitor;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.core.annotation.Order;

/** How an application observes its tunnel: listener beans, events, health, meters. */
@ExtendWith(LeakCheck.class)
@Tag("slow")
class TunnelEventsTest {
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private RelayServer relay;

    @BeforeEach
    void start() throws IOException {
        relay = WebApplication.relay();
    }

    @AfterEach
    void stop() {
        relay.close();
    }

    /** Fails each time with the interrupt flag set, before the other listeners are called. */
    @Order(1)
    static final class Failing implements TunnelListener {
        @Override
        public void up(Tunnel tunnel) {
            throw new IllegalStateException("on purpose");
        }

        @Override
        public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("on purpose");
        }
    }

    /** Records everything. It depends on the tunnel, which in turn must find it. */
    @Order(2)
    static final class Recorder implements TunnelListener {
        final Tunnel tunnel;
        final List<Object> calls = new CopyOnWriteArrayList<>();
        final List<String> details = new CopyOnWriteArrayList<>(); // of the other calls
        final List<Object> events = new CopyOnWriteArrayList<>();
        final AtomicInteger interrupted = new AtomicInteger(); // calls with the interrupt flag set

        Recorder(Tunnel tunnel) {
            this.tunnel = tunnel;
        }

        @Override
        public void up(Tunnel of) {
            calls.add(new TunnelUp(of, of.publicAddress()));
        }

        @Override
        public void down(Tunnel of, @Nullable Throwable cause, boolean willRetry) {
            if (Thread.currentThread().isInterrupted()) interrupted.incrementAndGet();
            calls.add(new TunnelDown(of, cause, willRetry));
        }

        @Override
        public void publicAddressChanged(Tunnel of, InetSocketAddress before) {
            details.add(of.equals(tunnel) ? "moved from " + before.getPort() : "not the bean");
        }

        @Override
        public void visitorAccepted(Tunnel of, Visitor visitor) {
            details.add(of.equals(tunnel) ? "accepted" : "not the bean");
        }

        @Override
        public void visitorClosed(Tunnel of, Visitor visitor, @Nullable Throwable cause) {
            details.add(of.equals(tunnel) ? "closed" : "not the bean");
        }

        @Override
        public void roundTrip(Tunnel of, Duration roundTrip) {
            details.add(of.equals(tunnel) ? "round trip" : "not the bean");
        }

        void awaitDetail(String detail) {
            Await.until(() -> detail + " in " + details, () -> details.contains(detail));
        }

        @EventListener
        void on(TunnelUp event) {
            events.add(event);
        }

        @EventListener
        void on(TunnelDown event) {
            events.add(event);
        }

        Object await(int number) {
            Await.until(() -> "event " + number + " in " + events, () -> events.size() > number);
            assertEquals(calls.get(number), events.get(number));
            return events.get(number);
        }
    }

    private ConfigurableApplicationContext run(String... properties) {
        return new SpringApplicationBuilder(WebApplication.class, Failing.class, Recorder.class)
                .properties("relay.host=localhost", "relay.port=" + relay.port(), "server.port=0")
                .properties("management.endpoint.health.show-details=always", "relay.longest-backoff=200ms")
                .properties(properties)
                .run();
    }

    private static Health health(ConfigurableApplicationContext context) {
        return context.getBean(RelayHealthIndicator.class).health();
    }

    private static void awaitHealth(ConfigurableApplicationContext context, Status status) {
        Await.until(
                () -> "health is " + status + ": " + health(context),
                () -> health(context).getStatus().equals(status));
    }

    @Test
    void listenersAndEventsTellOfLossAndReturn() throws Exception {
        ConfigurableApplicationContext context = run();
        Recorder recorder = context.getBean(Recorder.class);
        Tunnel tunnel = context.getBean(Tunnel.class);
        assertSame(tunnel, recorder.tunnel);
        assertEquals(new TunnelUp(tunnel, tunnel.publicAddress()), recorder.await(0));

        int port = relay.port();
        relay.close();
        TunnelDown lost = (TunnelDown) recorder.await(1);
        assertSame(tunnel, lost.tunnel());
        assertTrue(lost.willRetry());
        assertTrue(lost.cause() instanceof RelayException, () -> "cause: " + lost.cause());

        relay = WebApplication.relay(port);
        TunnelUp again = (TunnelUp) recorder.await(2);
        assertEquals(new TunnelUp(tunnel, tunnel.publicAddress()), again);
        assertEquals("hello", get(client, publicPort(context), "/hello").body());

        context.close();
        assertEquals(new TunnelDown(tunnel, null, false), recorder.await(3));
        assertEquals(4, recorder.events.size());
        assertEquals(0, recorder.interrupted.get());
    }

    @Test
    void listenersHearOfVisitorsAndPathsToo() throws Exception {
        try (ConfigurableApplicationContext context = run()) {
            Recorder recorder = context.getBean(Recorder.class);
            recorder.awaitDetail("round trip");
            int before = publicPort(context);
            get(HttpClient.newHttpClient(), before, "/hello");
            recorder.awaitDetail("accepted");
            int port = relay.port();
            relay.close();
            recorder.awaitDetail("closed");
            // Another socket occupies the previous port.
            try (ServerSocket taken = new ServerSocket(before)) {
                assertTrue(taken.isBound());
                relay = WebApplication.relay(port);
                recorder.awaitDetail("moved from " + before);
            }
            assertFalse(recorder.details.contains("not the bean"), () -> recorder.details.toString());
        }
    }

    /** A callback that the announcer does not override would reach no bean. */
    @Test
    void everyCallOfAListenerIsPassedOn() {
        for (Method method : TunnelListener.class.getMethods()) {
            assertDoesNotThrow(() -> Announcer.class.getDeclaredMethod(method.getName(), method.getParameterTypes()));
        }
    }

    @Test
    void healthFollowsTheTunnel() throws Exception {
        try (ConfigurableApplicationContext context = run()) {
            int local = context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            awaitHealth(context, Status.UP);
            int port = relay.port();
            assertEquals(
                    Map.of("server", "localhost:" + port, "publicAddress", "localhost:" + publicPort(context)),
                    health(context).getDetails());
            String body =
                    get(client, publicPort(context), "/actuator/health/relay").body();
            assertTrue(body.contains("\"UP\"") && body.contains("localhost:" + publicPort(context)), body);

            relay.close();
            awaitHealth(context, Status.DOWN);
            Await.until("the cause is known", () -> health(context).getDetails().containsKey("error"));
            assertEquals(503, get(client, local, "/actuator/health").statusCode());
            assertFalse(health(context).getDetails().containsKey("publicAddress"));

            relay = WebApplication.relay(port);
            awaitHealth(context, Status.UP);
            assertEquals(200, get(client, local, "/actuator/health").statusCode());
            assertFalse(health(context).getDetails().containsKey("error"));
        }
    }

    @Test
    void metersFollowTheTunnel() throws Exception {
        try (ConfigurableApplicationContext context = run()) {
            MeterRegistry meters = context.getBean(MeterRegistry.class);
            assertEquals(1, meters.get("relay.client.tunnel.up").gauge().value());
            get(client, publicPort(context), "/hello");
            assertEquals(
                    1, meters.get("relay.client.visitors").functionCounter().count());
            relay.close();
            Await.until(
                    "the meter is 0",
                    () -> meters.get("relay.client.tunnel.up").gauge().value() == 0);
        }
    }

    @Test
    void tunnelThatIsNotReestablishedStaysDown() throws IOException {
        try (ConfigurableApplicationContext context = run("relay.reconnect=false")) {
            Recorder recorder = context.getBean(Recorder.class);
            recorder.await(0);
            int port = relay.port();
            relay.close();
            TunnelDown lost = (TunnelDown) recorder.await(1);
            assertFalse(lost.willRetry());
            assertNotNull(lost.cause());
            relay = WebApplication.relay(port);
            assertEquals(Status.DOWN, health(context).getStatus());
            assertSame(lost.cause(), context.getBean(WebTunnel.class).cause());
        }
        assertEquals(0, relay.tunnelCount());
    }

    /** The context is not torn down before all listeners were notified. */
    @Test
    void stoppingWaitsUntilTheEndIsAnnounced() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        TunnelListener slow = new TunnelListener() {
            @Override
            public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
                inside.countDown();
                Await.until("the listener may continue", goOn);
            }
        };
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(WebApplication.class)
                .initializers(starting -> starting.getBeanFactory().registerSingleton("slow", slow))
                .properties("relay.host=localhost", "relay.port=" + relay.port(), "server.port=0")
                .run()) {
            WebTunnel tunnel = context.getBean(WebTunnel.class);
            AtomicBoolean closed = new AtomicBoolean();
            tunnel.startClosing(Duration.ZERO);
            tunnel.whenClosed(() -> closed.set(true));
            Await.until("the listener is notified", inside);
            Await.until(
                    "the tunnel is closed",
                    () -> Thread.getAllStackTraces().keySet().stream()
                            .noneMatch(thread -> thread.getName().equals("relay-closing")));
            assertFalse(closed.get());
            Call<Void> early = Call.run(tunnel::awaitEnd);
            early.interrupt();
            early.failure(InterruptedException.class);
            goOn.countDown();
            Await.until("everything is closed", closed::get);
            Call.run(tunnel::awaitEnd).result();
        } finally {
            goOn.countDown();
        }
    }

    @Test
    void tunnelThatWasClosedIsDownWithoutCause() throws IOException {
        try (ConfigurableApplicationContext context = run()) {
            context.getBean(Tunnel.class).close();
            assertEquals(Status.DOWN, health(context).getStatus());
            assertNull(context.getBean(WebTunnel.class).cause());
        }
    }
}
