package org.relay4j.cli.admin;

/**
 * What an admin address serves at a path.
 *
 * @param post whether the method is POST; otherwise GET and HEAD
 * @param open whether it needs no token, even if one is set
 */
record Route(boolean post, boolean open, Responder responder) {
    /** Makes the response to a request that was admitted. */
    @FunctionalInterface
    interface Responder {
        Response respond(Request request) throws InterruptedException;
    }

    /** Returns a route that everybody who can connect may read. */
    static Route open(Responder responder) {
        return new Route(false, true, responder);
    }

    /** Returns a route that needs the token, if one is set. */
    static Route get(Responder responder) {
        return new Route(false, false, responder);
    }

    /** Returns a route with an effect, which needs the token. */
    static Route post(Responder responder) {
        return new Route(true, false, responder);
    }

    boolean accepts(String method) {
        return post ? method.equals("POST") : method.equals("GET") || method.equals("HEAD");
    }

    String methods() {
        return post ? "POST" : "GET, HEAD";
    }
}
