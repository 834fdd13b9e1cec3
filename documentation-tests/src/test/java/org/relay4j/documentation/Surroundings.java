package org.relay4j.documentation;

import com.sun.net.httpserver.HttpExchange;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.ServerTls;
import org.relay4j.server.TunnelPolicy;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.SelfSigned;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the samples take for granted: the names in them that they do not declare. */
public abstract class Surroundings implements Closeable {
    protected final Logger log = LoggerFactory.getLogger("sample");
    protected final ExecutorService executor = Executors.newCachedThreadPool();
    protected final Executor eventLoop = executor;
    protected final byte[] request = {1, 2, 3};
    protected final ByteBuffer buffer = ByteBuffer.allocate(1_000);
    protected final TunnelListener listener = new TunnelListener() {};
    protected final SSLContext sslContext;
    protected final RelayClientOptions options = RelayClientOptions.defaults();
    protected final String fingerprint;
    protected final long lease = 1; // of the store of a cluster
    protected final char[] password = "of a proxy".toCharArray();
    protected final Path keyFile = Files.createTempFile("web-1", ".key"); // for the owner only
    protected final Path clientsFile = Files.createTempFile("relay-sample", ".toml");
    protected final Path certificateFile = Files.createTempFile("relay-sample", ".pem");
    protected final Path certificateKeyFile = Files.createTempFile("relay-sample", ".pem");
    protected final InetSocketAddress service;
    protected final int portOfAnotherServer;
    protected final int portWithoutServer;
    protected final RelayServer server;
    protected final RelayAcceptor acceptor;
    protected final Tunnel tunnel;
    protected final SocketChannel channel;
    protected final SocketChannel otherChannel;
    protected final Session session;
    protected final Stream stream;

    private final List<RelayServer> relays = new ArrayList<>();
    private final Deque<Closeable> opened = new ArrayDeque<>(); // the newest first

    protected Surroundings() throws Exception {
        sslContext = SSLContext.getDefault();
        certificateFile.toFile().deleteOnExit();
        certificateKeyFile.toFile().deleteOnExit();
        SelfSigned.writePem(certificateFile, certificateKeyFile);
        makeClient();
        ServerTls tls = ServerTls.ofFiles(certificateFile, certificateKeyFile);
        fingerprint = String.valueOf(tls.fingerprint());
        relays.add(relay());
        relays.add(relay());
        relays.add(secureRelay(tls));
        server = relays.get(0);
        service = new InetSocketAddress("localhost", listen(Socket::getInputStream));
        portOfAnotherServer = listen(
                socket -> socket.getOutputStream().write("220 smtp ready\r\n".getBytes(StandardCharsets.US_ASCII)));
        portWithoutServer = FixedPort.free();
        acceptor = keep(RelayClient.connect("localhost", port(0)));
        tunnel = acceptor;
        channel = echoing();
        otherChannel = echoing();
        session = keep(Session.client(echoing()));
        stream = session.open();
    }

    /** What a sample does. */
    public abstract void run() throws Exception;

    /** Makes a key for the client web-1, and the file in which the server finds its public half. */
    private void makeClient() throws Exception {
        keyFile.toFile().deleteOnExit();
        clientsFile.toFile().deleteOnExit();
        KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        Base64.Encoder base64 = Base64.getEncoder();
        Files.writeString(keyFile, base64.encodeToString(keys.getPrivate().getEncoded()));
        String key = base64.encodeToString(keys.getPublic().getEncoded());
        Files.writeString(
                clientsFile,
                "[clients.web-1]\nkey = \"" + key + "\"\nports = [\"1024-65535\"]\nudp-ports = [\"1024-65535\"]\n");
    }

    /** A relay server with TLS, for the client web-1 only. */
    private RelayServer secureRelay(ServerTls tls) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .tls(tls)
                .policy(TunnelPolicy.ofFile(clientsFile))
                .requireName(true)
                .build());
    }

    /** The control port of a relay server. */
    protected final int port(int number) {
        return relays.get(number).port();
    }

    protected final void serve(Socket visitor) {
        try (visitor) {
            visitor.getInputStream().transferTo(visitor.getOutputStream());
        } catch (IOException e) {
            log.debug("visitor has left: {}", e.getMessage());
        }
    }

    protected final void reply(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(204, -1);
        exchange.close();
    }

    protected final void onReadable(StreamChannel readable) {
        readable.close();
    }

    protected final void alert(Throwable cause) {
        log.warn("alert", cause);
    }

    private static RelayServer relay() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .build());
    }

    private int listen(SocketBehaviour behaviour) throws IOException {
        ServerSocket server = keep(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
        executor.execute(() -> {
            try {
                while (true) {
                    try (Socket socket = server.accept()) {
                        behaviour.serve(socket);
                    }
                }
            } catch (IOException e) {
                log.debug("no more of {}", server);
            }
        });
        return server.getLocalPort();
    }

    /** What a server does with a connection before it closes it. */
    protected interface SocketBehaviour {
        void serve(Socket socket) throws IOException;
    }

    /** A connection to a session that echoes each stream. */
    private SocketChannel echoing() throws IOException {
        try (ServerSocketChannel listening = ServerSocketChannel.open()) {
            listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel here = keep(SocketChannel.open(listening.getLocalAddress()));
            Session there = keep(Session.server(listening.accept()));
            executor.execute(() -> {
                try {
                    while (true) {
                        Stream accepted = there.accept();
                        executor.execute(() -> serve(accepted.asSocket()));
                    }
                } catch (IOException e) {
                    log.debug("no more streams: {}", e.getMessage());
                }
            });
            return here;
        }
    }

    private <T extends Closeable> T keep(T open) {
        opened.push(open);
        return open;
    }

    @Override
    public void close() throws IOException {
        for (Closeable open : opened) open.close();
        relays.forEach(RelayServer::close);
        executor.shutdownNow();
    }

    /** Time that a sample has. */
    static Duration deadline() {
        return Duration.ofSeconds(20);
    }
}
