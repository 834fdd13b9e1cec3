package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AttemptsTest {
    private long now = Long.MAX_VALUE - 5; // the clock may overflow
    private final Attempts attempts = new Attempts(() -> now);

    @Test
    void addressMustWaitAfterABurst() throws UnknownHostException {
        InetAddress from = address("192.0.2.1");
        for (int n = 0; n < Attempts.BURST; n++) {
            assertEquals(0, attempts.secondsToWait(from));
            attempts.failed(from);
        }
        assertEquals(6, attempts.secondsToWait(from));
        assertEquals(0, attempts.secondsToWait(address("192.0.2.2")));
        now += Attempts.INTERVAL - 1;
        assertEquals(1, attempts.secondsToWait(from));
        now += 1;
        assertEquals(0, attempts.secondsToWait(from));
        attempts.failed(from);
        assertEquals(6, attempts.secondsToWait(from));
        now += TimeUnit.HOURS.toNanos(1);
        for (int n = 0; n < Attempts.BURST; n++) attempts.failed(from);
        assertEquals(6, attempts.secondsToWait(from));
    }

    @Test
    void networkOfIpv6CountsAsOneAddress() throws UnknownHostException {
        for (int n = 0; n < Attempts.BURST; n++) attempts.failed(address("2001:db8::" + n));
        assertEquals(6, attempts.secondsToWait(address("2001:db8::ffff")));
        assertEquals(0, attempts.secondsToWait(address("2001:db8:0:1::1")));
    }

    @Test
    void numberOfAddressesIsBounded() throws UnknownHostException {
        InetAddress steady = address("192.0.2.1");
        for (int n = 0; n < 3 * Attempts.MOST_ADDRESSES; n++) {
            attempts.failed(address("10.0." + n / 250 + "." + n % 250));
            if (n % 500 == 0) attempts.failed(steady);
        }
        assertEquals(Attempts.MOST_ADDRESSES, attempts.addresses());
        for (int n = 0; n < Attempts.BURST; n++) attempts.failed(steady);
        assertTrue(attempts.secondsToWait(steady) > 6, "earlier attempts were forgotten");
    }

    private static InetAddress address(String literal) throws UnknownHostException {
        return InetAddress.getByName(literal);
    }
}
