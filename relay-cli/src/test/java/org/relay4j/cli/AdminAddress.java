package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The admin address of a process, by its log. */
record AdminAddress(String url) {
    private static final Pattern LINE = Pattern.compile(".*admin address: (http://\\S+)/");
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().connectTimeout(ChildProcess.DEADLINE).build();

    static AdminAddress of(ChildProcess process) throws InterruptedException {
        String line = process.errorLine("admin address: ");
        Matcher matcher = LINE.matcher(line);
        assertTrue(matcher.matches(), line);
        return new AdminAddress(matcher.group(1));
    }

    InetSocketAddress socketAddress() {
        URI uri = URI.create(url);
        return new InetSocketAddress(uri.getHost(), uri.getPort());
    }

    /** The host and port. */
    String target() {
        return URI.create(url).getAuthority();
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url + path)));
    }

    HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return CLIENT.send(request.timeout(ChildProcess.DEADLINE).build(), HttpResponse.BodyHandlers.ofString());
    }

    /** A request that has the token. */
    HttpRequest.Builder withToken(String path, String token) {
        return HttpRequest.newBuilder(URI.create(url + path)).header("Authorization", "Bearer " + token);
    }
}
