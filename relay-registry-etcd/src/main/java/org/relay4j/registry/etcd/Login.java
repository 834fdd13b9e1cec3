package org.relay4j.registry.etcd;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** The token that etcd gives for user and password. One request at a time asks for it. Confined to the store's thread. */
final class Login {
    private static final int LONGEST = 8 * 1024; // characters of a token

    private final Gateway gateway;
    private final @Nullable String user;
    private final @Nullable String password;
    private final Queue<User> waiting = new ArrayDeque<>(); // at most those requests that may be under way
    private @Nullable String token;

    /** Needs a token. */
    interface User {
        /** Has a token; null if etcd is used without a user. */
        void granted(@Nullable String token);

        /** Exactly one of the arguments is not null. */
        void refused(@Nullable Answer answer, @Nullable Throwable failure);
    }

    Login(Gateway gateway, EtcdSettings settings) {
        this.gateway = gateway;
        user = settings.user();
        password = settings.password();
    }

    boolean isNeeded() {
        return user != null;
    }

    /** Calls the user with a token, at once if there is one. */
    void token(URI endpoint, Duration limit, User needs) {
        if (user == null || token != null) {
            needs.granted(token);
            return;
        }
        waiting.add(needs);
        if (waiting.size() == 1) ask(endpoint, limit);
    }

    /** Has a new token asked for, if this is the present one. */
    void forget(@Nullable String old) {
        if (old != null && old.equals(token)) token = null;
    }

    private void ask(URI endpoint, Duration limit) {
        if (user == null || password == null) return;
        Gateway.Request request = new Gateway.Request("/v3/auth/authenticate", Requests.login(user, password), null);
        var unused = gateway.post(endpoint, request, limit, this::answered);
    }

    private void answered(@Nullable Answer answer, @Nullable Throwable failure) {
        Queue<User> all = new ArrayDeque<>(waiting);
        waiting.clear();
        String granted = answer != null && answer.verdict() == Answer.Verdict.DONE ? granted(answer.json()) : null;
        token = granted;
        for (User each : all) {
            if (granted != null) each.granted(granted);
            else each.refused(answer, failure);
        }
    }

    private static @Nullable String granted(Json answer) {
        String token;
        try {
            token = answer.text("token");
        } catch (IllegalArgumentException e) {
            return null;
        }
        boolean usable =
                !token.isEmpty() && token.length() <= LONGEST && token.chars().allMatch(c -> c > ' ' && c <= '~');
        return usable ? token : null;
    }
}
