package org.relay4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.io.DefaultHttpRequestWriter;
import org.apache.hc.core5.http.impl.io.DefaultHttpResponseParser;
import org.apache.hc.core5.http.impl.io.IdentityInputStream;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;
import org.apache.hc.core5.http.impl.io.SessionOutputBufferImpl;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;

/** Asks an admin address. */
final class AdminClient {
    private static final int BUFFER = 8192; // bytes
    private static final Http1Config LIMITS =
            Http1Config.custom().setMaxLineLength(8192).setMaxHeaderCount(100).build();

    private final String path;
    private final @Nullable String token;
    private final Duration patience;
    private final int longest; // bytes of an answer

    /** @param retryAfter the header of that name; empty if there is none */
    record Answer(int status, String body, String retryAfter) {}

    AdminClient(String path, @Nullable String token, Duration patience, int longest) {
        this.path = path;
        this.token = token;
        this.patience = patience;
        this.longest = longest;
    }

    /**
     * Blocks until the answer has arrived, which may be never.
     *
     * @param address a TCP address, or a Unix-domain socket
     */
    Answer ask(SocketAddress address) throws IOException, InterruptedException {
        return address instanceof InetSocketAddress tcp ? overTcp(tcp) : overSocket(address);
    }

    private Answer overTcp(InetSocketAddress address) throws IOException, InterruptedException {
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY)
                .followRedirects(HttpClient.Redirect.NEVER) // it would get the token
                .connectTimeout(patience)
                .build();
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + Sockets.text(address) + path))
                .timeout(patience)
                .header("Accept", "application/json");
        if (token != null) request.header("Authorization", "Bearer " + token);
        HttpResponse<InputStream> response = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            String retry = response.headers().firstValue("Retry-After").orElse("");
            return new Answer(response.statusCode(), text(body), retry);
        }
    }

    /** HttpClient cannot connect to a Unix-domain socket. The server ends the connection after its answer. */
    private Answer overSocket(SocketAddress address) throws IOException {
        try (SocketChannel channel = SocketChannel.open(address)) {
            ByteBuffer request = ByteBuffer.wrap(request());
            while (request.hasRemaining()) channel.write(request);
            InputStream in = Channels.newInputStream(channel);
            SessionInputBufferImpl buffer = new SessionInputBufferImpl(BUFFER, LIMITS.getMaxLineLength());
            ClassicHttpResponse head = new DefaultHttpResponseParser(LIMITS).parse(buffer, in);
            if (head == null) throw new IOException("the connection ended without an answer");
            Header retry = head.getFirstHeader("Retry-After");
            String body = text(new IdentityInputStream(buffer, in));
            return new Answer(head.getCode(), body, retry == null ? "" : retry.getValue());
        } catch (HttpException | MessageConstraintException e) {
            throw new IOException("the answer is not HTTP: " + e.getMessage(), e);
        }
    }

    private byte[] request() throws IOException, HttpException {
        ClassicHttpRequest request = new BasicClassicHttpRequest("GET", path);
        request.addHeader("Host", "localhost");
        request.addHeader("Accept", "application/json");
        request.addHeader("Connection", "close");
        if (token != null) request.addHeader("Authorization", "Bearer " + token);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        SessionOutputBufferImpl buffer = new SessionOutputBufferImpl(BUFFER);
        new DefaultHttpRequestWriter().write(request, buffer, bytes);
        buffer.flush(bytes);
        return bytes.toByteArray();
    }

    private String text(InputStream body) throws IOException {
        byte[] bytes = body.readNBytes(longest + 1);
        if (bytes.length > longest) throw new IOException("the answer is longer than " + longest + " bytes");
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
