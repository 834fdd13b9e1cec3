package org.relay4j.cli.admin;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A file of the status page. It contains no data, so it needs no token: the page asks for the token, and then for the data. */
enum PageFile {
    INDEX("index.html", "text/html"),
    STYLE("page.css", "text/css"),
    SCRIPT("page.js", "text/javascript");

    private final String name;
    private final String type;

    PageFile(String name, String type) {
        this.name = name;
        this.type = type + "; charset=utf-8";
    }

    /** Adds the routes of all files. */
    static void addTo(Map<String, Route> routes) {
        for (PageFile file : values()) {
            routes.put(file == INDEX ? "/" : "/" + file.name, Route.open(request -> file.response()));
        }
    }

    /** Returns the file, which is read each time: the page is loaded rarely. */
    private Response response() {
        try (InputStream in = PageFile.class.getResourceAsStream(name)) {
            if (in == null) throw new IllegalStateException("relay.jar has no " + name);
            return Response.of(Response.OK, type, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
