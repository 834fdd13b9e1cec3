package org.relay4j.cli.admin;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hc.core5.http.HttpException;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Answers the requests to an admin address. Safe for use by several threads. */
final class AdminHandler {
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
        all.put("/healthz", Route.open(request -> health()));
        all.put("/readyz", Route.open(request -> readiness()));
        all.put("/metrics", Route.get(this::metrics));
        all.put("/api/tunnels", Route.get(request -> tunnels()));
        all.put("/api/cluster", Route.get(request -> cluster()));
        all.put("/api/drain", Route.post(request -> drain()));
        return all;
    }

    void serve(AdminSource started) {
        source = started;
    }

    /**
     * Returns the bytes of the answer to a request.
     *
     * @param from where it is from; null for a Unix-domain socket
     */
    byte[] answer(byte[] head, @Nullable InetAddress from) {
        Request request;
        try {
            request = Request.parse(head, from);
        } catch (HttpException e) {
            return secured(Response.error(Response.BAD_REQUEST, "this is not an HTTP request"))
                    .encoded(true);
        }
        Response response;
        try {
            response = respond(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            response = Response.error(Response.UNAVAILABLE, "the process is ending");
        } catch (RuntimeException e) {
            failures.log("admin address: unexpected failure", e);
            response = Response.error(Response.INTERNAL_ERROR, "unexpected failure; the log has the reason");
        }
        return secured(response).encoded(!request.isHead());
    }

    /** Returns the bytes of the answer to a request whose head is too long. */
    byte[] tooLarge() {
        return secured(Response.error(Response.HEADERS_TOO_LARGE, "the headers are too long"))
                .encoded(true);
    }

    private Response respond(Request request) throws InterruptedException {
        String path = request.path();
        Route route = path == null ? null : routes.get(path);
        if (route == null) return Response.error(Response.NOT_FOUND, "no such page");
        if (!route.accepts(request.method())) {
            return Response.error(Response.METHOD_NOT_ALLOWED, "the methods here are " + route.methods())
                    .with("Allow", route.methods());
        }
        Response refusal = gatekeeper.refusal(route, request);
        return refusal == null ? route.responder().respond(request) : refusal;
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

    private Response cluster() {
        AdminSource started = source;
        if (started == null) return Response.error(Response.UNAVAILABLE, "starting");
        String view = started.cluster();
        if (view == null) return Response.error(Response.NOT_FOUND, "this server is not a node of a cluster");
        return Response.json(Response.OK, view);
    }

    private Response metrics(Request request) {
        return metrics.respond(request.first("Accept"), source);
    }

    private Response drain() {
        process.drain();
        return Response.json(
                Response.ACCEPTED, new JsonLine().with("state", "draining").toString());
    }

    private static Response secured(Response response) {
        return response.with("Content-Security-Policy", POLICY)
                .with("X-Content-Type-Options", "nosniff")
                .with("Referrer-Policy", "no-referrer")
                .with("Cross-Origin-Resource-Policy", "same-origin")
                .with("Cache-Control", "no-store");
    }
}
