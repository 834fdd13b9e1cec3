package org.relay4j.server.cluster;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.control.ControlLine;

/** The text of a node's entry. */
final class NodeText {
    private NodeText() {}

    static String of(NodeInfo node) {
        InetSocketAddress peer = node.peerAddress();
        return ControlLine.of("node")
                .with("incarnation", node.incarnation())
                .with("peer", peer.getHostString() + "/" + peer.getPort())
                .with("loops", node.loops())
                .with("version", node.version())
                .with("state", node.draining() ? "DRAINING" : "SERVING")
                .toString();
    }

    /** Returns null if the text is not that of a node. */
    static @Nullable NodeInfo parse(String name, String text) {
        ControlLine line = line("node", text);
        if (line == null) return null;
        String incarnation = line.value("incarnation");
        String peer = line.value("peer");
        String version = line.value("version");
        String state = line.value("state");
        int loops = line.number("loops");
        int slash = peer == null ? -1 : peer.lastIndexOf('/');
        int port = slash < 1 || peer == null ? -1 : ControlLine.parseNumber(peer.substring(slash + 1));
        if (incarnation == null || peer == null || version == null || state == null) return null;
        if (!ClientName.isValid(incarnation) || loops < 1 || loops > NodeInfo.MOST_LOOPS || port < 1 || port > 65_535)
            return null;
        InetSocketAddress address = InetSocketAddress.createUnresolved(peer.substring(0, slash), port);
        return new NodeInfo(name, incarnation, address, loops, version, !state.equals("SERVING"));
    }

    /** Returns null if the text is not a line with this keyword. */
    static @Nullable ControlLine line(String keyword, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try {
            ControlLine line = ControlLine.parse(bytes, bytes.length);
            return line.keyword().equals(keyword) ? line : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
