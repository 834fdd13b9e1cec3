package org.relay4j.cli.admin;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.impl.EnglishReasonPhraseCatalog;
import org.apache.hc.core5.http.impl.io.DefaultHttpResponseWriter;
import org.apache.hc.core5.http.impl.io.SessionOutputBufferImpl;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.relay4j.cli.json.JsonLine;

/** An answer to a request. Immutable: nobody changes the body. */
final class Response {
    static final int OK = 200;
    static final int ACCEPTED = 202;
    static final int BAD_REQUEST = 400;
    static final int UNAUTHORIZED = 401;
    static final int FORBIDDEN = 403;
    static final int NOT_FOUND = 404;
    static final int METHOD_NOT_ALLOWED = 405;
    static final int TOO_MANY_REQUESTS = 429;
    static final int HEADERS_TOO_LARGE = 431;
    static final int INTERNAL_ERROR = 500;
    static final int UNAVAILABLE = 503;

    private final int status;
    private final String type;
    private final byte[] body;
    private final Map<String, String> headers; // in addition to those that all responses have

    private Response(int status, String type, byte[] body, Map<String, String> headers) {
        this.status = status;
        this.type = type;
        this.body = body;
        this.headers = headers;
    }

    /** Returns a line of text. */
    static Response text(int status, String line) {
        return of(status, "text/plain; charset=utf-8", line + "\n");
    }

    static Response json(int status, String object) {
        return of(status, "application/json", object + "\n");
    }

    /** Returns an error that says what to do. */
    static Response error(int status, String message) {
        return json(status, new JsonLine().with("error", message).toString());
    }

    static Response of(int status, String type, String body) {
        return of(status, type, body.getBytes(StandardCharsets.UTF_8));
    }

    static Response of(int status, String type, byte[] body) {
        return new Response(status, type, body, Map.of());
    }

    Response with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Response(status, type, body, more);
    }

    int status() {
        return status;
    }

    byte[] body() {
        return body;
    }

    /**
     * Returns the bytes that go to the client, which ends its connection then.
     *
     * @param withBody false for the method HEAD
     */
    byte[] encoded(boolean withBody) {
        ClassicHttpResponse head =
                new BasicClassicHttpResponse(status, EnglishReasonPhraseCatalog.INSTANCE.getReason(status, null));
        head.addHeader("Date", DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC)));
        head.addHeader("Content-Type", type);
        head.addHeader("Content-Length", body.length);
        head.addHeader("Connection", "close");
        headers.forEach(head::addHeader);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(body.length + 1024);
        SessionOutputBufferImpl buffer = new SessionOutputBufferImpl(1024);
        try {
            new DefaultHttpResponseWriter().write(head, buffer, bytes);
            buffer.flush(bytes);
            if (withBody) bytes.write(body);
        } catch (IOException | HttpException e) {
            throw new IllegalStateException(e); // memory can be written, and the headers are our own
        }
        return bytes.toByteArray();
    }
}
