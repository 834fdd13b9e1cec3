package org.relay4j.registry.etcd;

import java.util.Locale;

/**
 * The end of one HTTP request.
 *
 * @param status of HTTP
 * @param json the body; without fields if it is not a JSON object
 * @param text the beginning of a body that is not a JSON object; empty if it is one
 */
record Answer(int status, Json json, String text) {
    private static final int SHOWN = 200; // characters of a foreign body

    // Codes of gRPC, in the field "code".
    static final int INVALID_ARGUMENT = 3;
    static final int NOT_FOUND = 5;
    static final int PERMISSION_DENIED = 7;
    static final int RESOURCE_EXHAUSTED = 8;
    static final int FAILED_PRECONDITION = 9;
    static final int OUT_OF_RANGE = 11;
    static final int UNIMPLEMENTED = 12;
    static final int UNAUTHENTICATED = 16;

    /** What follows from an answer. */
    enum Verdict {
        /** The request was made. */
        DONE,
        /** It was not made, and would not be at another endpoint. */
        REFUSED,
        /** It was not made, but may be in a moment. */
        BUSY,
        /** It was not made, because the token is not known or too old. */
        LOGIN,
        /** Whether it was made is not known. */
        UNKNOWN
    }

    static Answer of(int status, String body) {
        try {
            Answer answer = new Answer(status, Json.read(body), "");
            answer.verdict(); // reads all fields that say what the answer is
            return answer;
        } catch (IllegalArgumentException e) {
            String start =
                    body.substring(0, Math.min(body.length(), SHOWN)).strip().replaceAll("\\p{Cntrl}", " ");
            return new Answer(status, Json.read("{}"), start.isEmpty() ? "an empty answer" : start);
        }
    }

    Verdict verdict() {
        if (status == 200 && !json.has("error")) return text.isEmpty() ? Verdict.DONE : Verdict.UNKNOWN;
        int code = code();
        if (code < 0) return status / 100 == 4 ? Verdict.REFUSED : Verdict.UNKNOWN;
        String message = message();
        if (message.contains("too many requests")) return Verdict.BUSY;
        if (message.contains("auth store is old")) return Verdict.LOGIN;
        return switch (code) {
            case UNAUTHENTICATED -> Verdict.LOGIN;
            case INVALID_ARGUMENT,
                    NOT_FOUND,
                    PERMISSION_DENIED,
                    RESOURCE_EXHAUSTED,
                    FAILED_PRECONDITION,
                    OUT_OF_RANGE,
                    UNIMPLEMENTED -> Verdict.REFUSED;
            default -> Verdict.UNKNOWN; // such as 14, unavailable: a time-out within etcd is one, too
        };
    }

    /** Returns the code of gRPC; -1 if there is none. */
    private int code() {
        Json error = error();
        String name = error.has("code") ? "code" : "grpc_code"; // in an answer of several parts
        return error.has(name) ? (int) error.number(name) : -1;
    }

    private Json error() {
        return json.hasObject("error") ? json.object("error") : json;
    }

    /** Returns etcd's own words. */
    String message() {
        Json error = error();
        String own = error.has("message") ? error.text("message") : error.text("error");
        return own.isEmpty() ? "HTTP status " + status + (text.isEmpty() ? "" : ": " + text) : own;
    }

    /** Returns the failure for the operator, with the remedy. */
    EtcdRefusal failure(Object endpoint) {
        String message = message();
        String remedy = "";
        if (message.contains("database space exceeded")) {
            remedy =
                    "; etcd's disk quota is used up and it takes no changes: compact and defragment it, then end the alarm with"
                            + " \"etcdctl alarm disarm\", or raise --quota-backend-bytes";
        } else if (message.contains("user name is empty")) {
            remedy =
                    "; etcd wants a user and a password: set RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD (etcd's gateway does not"
                            + " take the name in a certificate)";
        } else if (message.contains("authentication failed")) {
            remedy = "; check RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD";
        } else if (message.contains("authentication is not enabled")) {
            remedy = "; unset RELAY_CLUSTER_USER, or run \"etcdctl auth enable\"";
        } else if (code() == PERMISSION_DENIED) {
            remedy =
                    "; give the user a role with \"etcdctl role grant-permission <role> --prefix=true readwrite /relay/\"";
        } else if (status == 404 && code() < 0) {
            remedy =
                    "; the JSON gateway is switched off or is another port's: start etcd with --enable-grpc-gateway, or name the"
                            + " address of --listen-client-http-urls";
        } else if (message.toLowerCase(Locale.ROOT).contains("http request to an https server")) {
            remedy = "; begin the address with https://";
        }
        return new EtcdRefusal("etcd at " + endpoint + " refuses: " + message + remedy, code());
    }
}
