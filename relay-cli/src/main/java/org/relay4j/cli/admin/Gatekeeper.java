package org.relay4j.cli.admin;

import java.net.InetAddress;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.AddressLiteral;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Decides whether a request to an admin address is admitted. Safe for use by several threads. */
final class Gatekeeper {
    /*
     * Without a token, only programs on this machine can connect. One of them is a browser, and a web page could reach this address
     * through it if its host name resolved to 127.0.0.1 ("DNS rebinding"). Such a request names that host, so only the names of
     * the loopback address are admitted. With a token that is not necessary: no page knows the token. The permissions of a
     * Unix-domain socket say who can connect, but a browser can, too, through a port that ssh forwards to the socket. So its
     * requests, if they name a host, must name one of these, too. And a POST, which works there without a token, must not be sent by
     * a page of another origin.
     */

    /** The address of programs that connect to a Unix-domain socket. */
    private static final InetAddress LOCAL = InetAddress.getLoopbackAddress();

    /** Values of {@code Sec-Fetch-Site} for requests of the status page and of the user. */
    private static final Set<String> OWN_SITES = Set.of("same-origin", "none");

    /** Why a request was refused. */
    enum Reason {
        TOKEN,
        RATE,
        HOST
    }

    private final @Nullable AdminToken token;
    private final Attempts attempts;
    private final Map<Reason, AtomicLong> refusals = new EnumMap<>(Reason.class); // not modified
    private final Map<Reason, LimitedLog> logs = new EnumMap<>(Reason.class); // not modified

    Gatekeeper(@Nullable AdminToken token, Attempts attempts) {
        this.token = token;
        this.attempts = attempts;
        for (Reason reason : Reason.values()) {
            refusals.put(reason, new AtomicLong());
            logs.put(reason, new LimitedLog(LoggerFactory.getLogger(AdminServer.class), Level.WARN));
        }
    }

    /** Returns the number of requests refused for each reason, in lower case. */
    Map<String, Long> refusals() {
        Map<String, Long> counts = new LinkedHashMap<>();
        refusals.forEach((reason, count) -> counts.put(ServerSource.lower(reason), count.get()));
        return counts;
    }

    /** Returns the refusal of a request; null if it is admitted. */
    @Nullable
    Response refusal(Route route, Request request) {
        InetAddress from = request.from();
        if (token != null) {
            if (route.open()) return null;
            return withToken(token, from == null ? LOCAL : from, request.first("Authorization"));
        }
        List<String> hosts = request.values("Host");
        boolean local = hosts.isEmpty() ? from == null : hosts.size() == 1 && isLoopback(hosts.get(0));
        if (!local) {
            return refuse(
                    Reason.HOST,
                    from,
                    Response.error(
                            Response.FORBIDDEN,
                            "this address serves the hosts localhost, 127.0.0.1 and [::1] only; set an admin token to use others"));
        }
        if (!route.post()) return null;
        if (from == null) return isOfOtherPage(request) ? ofOtherPage() : null;
        return Response.error(
                Response.FORBIDDEN, "this needs an admin token: set RELAY_ADMIN_TOKEN or --admin-token-file");
    }

    /** Returns whether a browser sends the request for a page that is not of this address. */
    private static boolean isOfOtherPage(Request request) {
        String own = "http://" + request.first("Host");
        return !request.values("Origin").stream().allMatch(own::equalsIgnoreCase)
                || !request.values("Sec-Fetch-Site").stream().allMatch(OWN_SITES::contains);
    }

    private Response ofOtherPage() {
        return refuse(
                Reason.HOST,
                null,
                Response.error(
                        Response.FORBIDDEN,
                        "a web page of another address has sent this; use the status page of this address"));
    }

    private @Nullable Response withToken(AdminToken expected, InetAddress from, @Nullable String authorization) {
        if (authorization == null) return unauthorized("this needs the admin token: Authorization: Bearer <token>");
        if (expected.isIn(authorization)) return null; // whatever others behind the same proxy have tried
        long wait = attempts.secondsToWait(from);
        if (wait > 0) {
            Response later = Response.error(
                    Response.TOO_MANY_REQUESTS, "too many wrong tokens from this address; try again in " + wait + " s");
            return refuse(Reason.RATE, from, later.with("Retry-After", String.valueOf(wait)));
        }
        attempts.failed(from);
        return refuse(Reason.TOKEN, from, unauthorized("the admin token is wrong"));
    }

    private static Response unauthorized(String message) {
        return Response.error(Response.UNAUTHORIZED, message).with("WWW-Authenticate", "Bearer realm=\"relay\"");
    }

    private Response refuse(Reason reason, @Nullable InetAddress from, Response response) {
        count(reason).incrementAndGet();
        LimitedLog log = logs.get(reason);
        if (log == null) throw new IllegalStateException("no log for " + reason);
        String why = switch (reason) {
            case TOKEN -> "wrong token";
            case RATE -> "too many wrong tokens";
            case HOST -> "it names another host, or is sent by a page of another address";
        };
        log.log("admin address: request from {} refused, {}", from == null ? "the socket" : from.getHostAddress(), why);
        return response;
    }

    private AtomicLong count(Reason reason) {
        AtomicLong count = refusals.get(reason);
        if (count == null) throw new IllegalStateException("no count for " + reason);
        return count;
    }

    /** Returns whether a header {@code Host}, with or without a port, names the loopback address. */
    static boolean isLoopback(String header) {
        String host = header.strip().replaceFirst(":\\d{1,5}$", "");
        if (host.startsWith("[") && host.endsWith("]")) host = host.substring(1, host.length() - 1);
        if (host.equalsIgnoreCase("localhost")) return true;
        InetAddress address = AddressLiteral.parse(host);
        return address != null && address.isLoopbackAddress();
    }
}
