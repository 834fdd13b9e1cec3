package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;

/** yamux-js with unmodified input chunks: it loses a frame whose body is not in the same chunk as its header. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("peers")
class YamuxJsIT {
    @ParameterizedTest
    @EnumSource
    void headerAndBodyOfAFrameReachItTogether(YamuxPeer.Kind ours) throws Exception {
        List<String> flags = List.of("-raw", "-echo");
        try (YamuxPeer peer = YamuxPeer.serving(Peer.YAMUX_JS, ours, SessionOptions.defaults(), flags)) {
            Stream stream = peer.open("", Duration.ofMillis(Visitor.DEADLINE));
            for (int length = 1; length < 20_000; length = 2 * length + 1) {
                byte[] sent = Pattern.bytes(length, length);
                stream.getOutputStream().write(sent);
                assertArrayEquals(sent, stream.getInputStream().readNBytes(length));
            }
        }
    }
}
