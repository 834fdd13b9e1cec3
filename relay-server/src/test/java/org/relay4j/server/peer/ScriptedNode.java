package org.relay4j.server.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.testing.Await;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.SocketByteChannel;

/** The node b, as a script. */
final class ScriptedNode implements AutoCloseable {
    private final SSLServerSocket listener;

    ScriptedNode(SSLContext context) throws IOException {
        InetAddress here = InetAddress.getLoopbackAddress();
        listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, here);
        listener.setSoTimeout((int) Await.DEADLINE.toMillis());
        SSLParameters parameters = listener.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {PeerTls.ALPN});
        parameters.setNeedClientAuth(true);
        listener.setSSLParameters(parameters);
    }

    NodeInfo info() {
        return new NodeInfo(
                "b",
                "run-b",
                InetSocketAddress.createUnresolved("127.0.0.1", listener.getLocalPort()),
                TunnelNode.LOOPS,
                "1",
                false);
    }

    SSLSocket accept() throws IOException {
        SSLSocket socket = (SSLSocket) listener.accept();
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        return socket;
    }

    /** Accepts a link. */
    ScriptedPeer link() throws IOException {
        SSLSocket socket = accept();
        String line = line(socket);
        if (!line.startsWith("PEER/1 test b/run-b loop=")) throw new AssertionError(line);
        socket.getOutputStream().write("OK\n".getBytes(US_ASCII));
        return new ScriptedPeer(new SocketByteChannel(socket));
    }

    static String line(SSLSocket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        InputStream in = socket.getInputStream();
        for (int next; (next = in.read()) >= 0 && next != '\n'; ) line.append((char) next);
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
