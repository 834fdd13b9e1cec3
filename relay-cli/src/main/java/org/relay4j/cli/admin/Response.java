package org.relay4j.cli.admin;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.relay4j.cli.json.JsonLine;

/**
 * An answer to a request.
 *
 * @param headers in addition to those that all responses have
 */
record Response(int status, String type, byte[] body, Map<String, String> headers) {
    static final int OK = 200;
    static final int ACCEPTED = 202;
    static final int UNAUTHORIZED = 401;
    static final int FORBIDDEN = 403;
    static final int NOT_FOUND = 404;
    static final int METHOD_NOT_ALLOWED = 405;
    static final int TOO_MANY_REQUESTS = 429;
    static final int INTERNAL_ERROR = 500;
    static final int UNAVAILABLE = 503;

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
        return new Response(status, type, body.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    Response with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Response(status, type, body, more);
    }
}
