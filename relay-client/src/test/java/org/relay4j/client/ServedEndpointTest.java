package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;

import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.StreamException;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;

/** The end of one of the endpoints of a tunnel, which has no connection here. */
class ServedEndpointTest {
    private final RelayClientOptions options = RelayClientOptions.defaults();
    private final Services services =
            new Services(InetSocketAddress.createUnresolved("localhost", 7000), options, mock(RelayTunnel.class));
    private final AcceptQueue queue = new AcceptQueue();
    private final OpenVisitors visitors = new OpenVisitors();
    private final ServedEndpoint endpoint = endpoint();

    private ServedEndpoint endpoint() {
        Visits visits = new Visits(services.tunnel().events(), visitors);
        Service service = new AcceptService(queue, options, visits);
        return new ServedEndpoint(
                services,
                Endpoint.port(22),
                "web",
                ServiceOptions.defaults(),
                new ServedEndpoint.Parts(service, visits, visitors));
    }

    /** The answer to its OPEN may have arrived just before, and visitors with it. */
    @Test
    void endpointThatCouldNotBeOpenedHasNoVisitors() {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedIOException.class, () -> services.open(endpoint));
        assertTrue(Thread.interrupted());
        assertFalse(endpoint.serves(System.nanoTime()));
        assertThrows(StreamException.class, () -> queue.accept(Duration.ofSeconds(5)));
        assertEquals(List.of(), services.all());
    }

    @Test
    void visitorThatBeginsDuringTheCloseIsReset() {
        Driver driver = mock(Driver.class);
        Runnable early = mock(Runnable.class);
        Runnable late = mock(Runnable.class);
        visitors.add(driver, mock(MuxStream.class), early);
        verify(driver, never()).afterwards(early);
        endpoint.closeNow();
        verify(driver).afterwards(early);
        visitors.add(driver, mock(MuxStream.class), late);
        verify(driver).afterwards(late);
    }

    @Test
    void secondEndDoesNotLetVisitorsInForLonger() {
        endpoint.over(null);
        long ended = System.nanoTime();
        assertTrue(endpoint.serves(ended));
        Await.until("the clock has moved", () -> System.nanoTime() > ended);
        endpoint.over(null);
        assertFalse(endpoint.serves(ended + TimeUnit.SECONDS.toNanos(5)));
    }
}
