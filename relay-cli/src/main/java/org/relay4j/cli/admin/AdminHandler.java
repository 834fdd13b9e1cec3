package org.relay4j.cli.admin;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Answers the requests to an admin address. Safe for use by several threads. */
final class AdminHandler implements HttpHandler {
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            + " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private final AdminProcess process;
    private final Gatekeeper gatekeeper;
    private final Metrics metrics;
    private final Map<String, Route> routes; // by path
    private final LimitedLog failures = new LimitedLog(LoggerFactory.getLogger(AdminServer.class), Level.ERROR);
    private volatile @Nullable AdminSource source; // null until the server or forwarder has started

    AdminHandler(AdminProcess process, Gatekeeper gatekeeper) {
        this.process = process;
        this.gatekeeper = gatekeeper;
        metrics = new Metrics(process, gatekeeper);
        routes = routes();
    }

    private Map<String, Route> routes() {
        Map<String, Route> all = new LinkedHashMap<>();
        PageFile.addTo(all);
        all.put("/healthz", Route.open(exchange -> health()));
        all.put("/readyz", Route.open(exchange -> readiness()));
        all.put("/metrics", Route.get(this::metrics));
        all.put("/api/tunnels", Route.get(exchange -> tunnels()));
        all.put("/api/drain", Route.post(exchange -> drain()));
        return all;
    }

    void serve(AdminSource started) {
        source = started;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Response response;
            try {
                response = respond(exchange);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                response = Response.error(Response.UNAVAILABLE, "the process is ending");
            } catch (RuntimeException e) {
                failures.log("admin address: unexpected failure", e);
                response = Response.error(Response.INTERNAL_ERROR, "unexpected failure; the log has the reason");
            }
            send(exchange, response);
        }
    }

    private Response respond(HttpExchange exchange) throws InterruptedException {
        String path = exchange.getRequestURI().getPath();
        Route route = path == null ? null : routes.get(path);
        if (route == null) return Response.error(Response.NOT_FOUND, "no such page");
        if (!route.accepts(exchange.getRequestMethod())) {
            return Response.error(Response.METHOD_NOT_ALLOWED, "the methods here are " + route.methods())
                    .with("Allow", route.methods());
        }
        Response refusal = gatekeeper.refusal(route, exchange);
        return refusal == null ? route.responder().respond(exchange) : refusal;
    }

    private Response health() throws InterruptedException {
        AdminSource started = source;
        boolean alive = started == null || started.isAlive();
        return alive ? Response.text(Response.OK, "ok") : Response.text(Response.UNAVAILABLE, "not responding");
    }

    private Response readiness() {
        if (process.isDraining()) return Response.text(Response.UNAVAILABLE, "draining");
        if (source == null) return Response.text(Response.UNAVAILABLE, "starting");
        return Response.text(Response.OK, "ready");
    }

    private Response tunnels() {
        AdminSource started = source;
        if (started == null) return Response.error(Response.UNAVAILABLE, "starting");
        return Response.json(Response.OK, started.tunnels(process.isDraining()));
    }

    private Response metrics(HttpExchange exchange) {
        return metrics.respond(exchange.getRequestHeaders().getFirst("Accept"), source);
    }

    private Response drain() {
        process.drain();
        return Response.json(
                Response.ACCEPTED, new JsonLine().with("state", "draining").toString());
    }

    private static void send(HttpExchange exchange, Response response) throws IOException {
        Headers headers = exchange.getResponseHeaders();
        headers.set("Content-Type", response.type());
        headers.set("Content-Security-Policy", POLICY);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("Cache-Control", "no-store");
        response.headers().forEach(headers::set);
        byte[] body = response.body();
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head) headers.set("Content-Length", String.valueOf(body.length));
        exchange.sendResponseHeaders(response.status(), head || body.length == 0 ? -1 : body.length);
        if (!head) exchange.getResponseBody().write(body);
    }
}
