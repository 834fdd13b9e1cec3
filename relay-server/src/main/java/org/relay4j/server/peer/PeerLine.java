package org.relay4j.server.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.io.Wire;

/** One line of a link before its session: read byte by byte, because a frame may follow. */
final class PeerLine {
    /*
     * The dialling node sends "PEER/1 <cluster> <node>/<incarnation> loop=<k>", where the node is the one that it wants to reach.
     * The answer is "OK", or "REFUSED <code> peer <text>" and the end of the connection.
     */
    static final String OK = "OK";
    private static final String PEER = "PEER/1";
    private static final String REFUSED = "REFUSED";
    private static final String LOOP = "loop";

    private final byte[] line = new byte[ControlLine.LONGEST - 1]; // without its LF
    private final ByteBuffer next = ByteBuffer.allocate(1);
    private int length; // bytes

    /**
     * Reads the line as far as it has arrived.
     *
     * @return true if it is complete
     * @throws IOException if it is too long, or the connection has ended
     */
    boolean read(Wire wire) throws IOException {
        while (true) {
            int count = wire.read(next.clear());
            if (count < 0) throw new IOException("it ended the connection before its line was complete");
            if (count == 0) return false;
            byte received = next.get(0);
            if (received == '\n') return true;
            if (length == line.length) {
                throw new IOException("its line is longer than " + ControlLine.LONGEST + " bytes");
            }
            line[length++] = received;
        }
    }

    /** @throws IOException if it is not a line of this kind */
    ControlLine parse() throws IOException {
        try {
            return ControlLine.parse(line, length);
        } catch (IllegalArgumentException e) {
            throw new IOException("its line is malformed: " + e.getMessage(), e);
        }
    }

    /**
     * The line with which a node introduces itself.
     *
     * @param cluster the cluster that it belongs to
     * @param node the node that it wants to reach
     * @param incarnation the run of that node
     * @param loop of that node, which is to serve the link
     */
    record Request(String cluster, String node, String incarnation, int loop) {
        byte[] encode() {
            return ControlLine.of(PEER)
                    .with(cluster)
                    .with(node + "/" + incarnation)
                    .with(LOOP, loop)
                    .encode();
        }

        static Request of(ControlLine line) throws IOException {
            Iterator<String> words = line.words().keySet().iterator();
            String cluster = words.hasNext() ? words.next() : "";
            String target = words.hasNext() ? words.next() : "";
            int slash = target.indexOf('/');
            String node = slash < 0 ? "" : target.substring(0, slash);
            String incarnation = target.substring(slash + 1);
            int loop = line.number(LOOP);
            boolean valid = line.keyword().equals(PEER)
                    && ClientName.isValid(cluster)
                    && ClientName.isValid(node)
                    && ClientName.isValid(incarnation)
                    && loop >= 0;
            if (!valid) throw new IOException("its line is not '" + PEER + " <cluster> <node>/<incarnation> loop=<n>'");
            return new Request(cluster, node, incarnation, loop);
        }
    }

    static byte[] refusal(String text) {
        return ControlLine.of(REFUSED).with("link").with("peer").text(text).encode();
    }

    /** @throws IOException if the line is not OK; the message is the reason of the other node */
    static void requireOk(ControlLine answer) throws IOException {
        if (answer.keyword().equals(OK)) return;
        if (answer.keyword().equals(REFUSED)) throw new IOException("it refused the link: " + answer.text());
        throw new IOException("its answer is neither " + OK + " nor " + REFUSED);
    }
}
