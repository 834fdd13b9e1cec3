package org.relay4j.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;

/** Who does not read makes the other side wait, and memory stays where it is. */
@ExtendWith(LeakCheck.EachTest.class)
@SuppressWarnings("FutureReturnValueIgnored") // what counts is what the visitor gets
class BackpressureTest {
    private static final int MORE_THAN_FITS = 32 << 20; // bytes; windows, buffers and those of the kernel

    private final Recorder recorder = new Recorder(false);

    @Test
    void visitorOfAChannelThatDoesNotReadWaits() throws Exception {
        try (Relayed relayed =
                        Relayed.with(() -> recorder, options -> options.childOption(ChannelOption.AUTO_READ, false));
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            Call<Void> sending = Call.run(() -> Pattern.write(3, MORE_THAN_FITS, visitor.getOutputStream()));
            sending.awaitBlocked();
            assertEquals(0, recorder.received.get());
            assertEquals(0, relayed.memory.metric().usedDirectMemory());
            channel.read(); // one message, and no more
            Await.until("something was read", () -> recorder.received.get() > 0);
            Relayed.on(channel, () -> {});
            long once = recorder.received.get();
            Relayed.on(channel, () -> {});
            assertEquals(once, recorder.received.get());
            channel.config().setAutoRead(true);
            Await.until("everything was read", () -> recorder.received.get() == MORE_THAN_FITS);
            sending.result();
        }
    }

    @Test
    void channelOfAVisitorThatDoesNotReadIsNotWritable() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            recorder.expect("active");
            ChannelPromise write = channel.newPromise();
            Relayed.on(channel, () -> channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[MORE_THAN_FITS]), write));
            recorder.expect("not writable");
            assertFalse(write.isDone());
            assertEquals(MORE_THAN_FITS, visitor.getInputStream().readNBytes(MORE_THAN_FITS).length);
            write.sync();
            recorder.expect("writable");
        }
    }

    /** One that floods the loop must not keep another from its turn. */
    @Test
    void visitorBesideOneThatFloodsIsServed() throws Exception {
        try (Relayed relayed = Relayed.with(
                        Echo::new, options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
                Socket flood = relayed.visit();
                Socket visitor = relayed.visit()) {
            Call<Void> sending = Call.run(() -> {
                Pattern.write(1, MORE_THAN_FITS, flood.getOutputStream());
                flood.shutdownOutput();
            });
            Call<Void> receiving = Call.run(() -> Pattern.check(1, MORE_THAN_FITS, flood.getInputStream()));
            for (int n = 0; n < 50; n++) {
                Visitor.send(visitor, "still there?");
                Visitor.expect(visitor, "still there?");
            }
            sending.result();
            receiving.result();
        }
    }

    /** A server channel that does not read leaves visitors in the backlog, but for a few, and the rest is reset. */
    @Test
    void serverChannelThatDoesNotReadTakesFewVisitors() throws Exception {
        int backlog = 10;
        RelayClientOptions client = RelayClientOptions.builder()
                .session(SessionOptions.builder().backlog(backlog).build())
                .build();
        try (Relayed relayed = new Relayed(
                Loops.NIO,
                client,
                () -> new Recorder(false),
                options -> options.option(ChannelOption.AUTO_READ, false))) {
            int most = Accepting.AHEAD + backlog;
            List<Call<Boolean>> visits = new ArrayList<>();
            for (int n = 0; n < most + 5; n++) visits.add(endsWithReset(relayed.visit()));
            Await.until(
                    "those that are too many were reset",
                    () -> visits.stream().filter(Call::isDone).count() >= 5);
            assertTrue(relayed.channels.isEmpty());
            relayed.server.config().setAutoRead(true);
            int served = 0;
            while (visits.stream().anyMatch(visit -> !visit.isDone())) {
                Channel channel = relayed.channels.poll(1, TimeUnit.MILLISECONDS);
                if (channel == null) continue;
                channel.close().sync();
                served++;
            }
            assertTrue(served >= backlog && served <= most, served + " were served");
            assertEquals(
                    visits.size() - served, visits.stream().filter(Call::result).count());
        }
    }

    private static Call<Boolean> endsWithReset(Socket visitor) {
        return Call.of(() -> {
            try (visitor) {
                return visitor.getInputStream().read() >= 0;
            } catch (SocketException e) {
                return true;
            }
        });
    }
}
