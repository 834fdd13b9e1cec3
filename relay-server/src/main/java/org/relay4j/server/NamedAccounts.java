package org.relay4j.server;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The accounts of client names. Guarded by the lock of {@link Tunnels}. */
final class NamedAccounts {
    /*
     * The number of names is bounded. A new name takes the place of the one that has been without a tunnel for the longest time.
     * If all have tunnels, the new name has no account, and appears only in the totals of the server.
     */
    static final int MOST = 1_000;

    private final int most;
    private final Map<String, Account> accounts = new LinkedHashMap<>(); // in the order of their last tunnel

    NamedAccounts() {
        this(MOST);
    }

    NamedAccounts(int most) {
        this.most = most;
    }

    /** Returns the account of a name; null if there is no name, or no account. */
    @Nullable
    Account get(@Nullable String name) {
        return name == null ? null : accounts.get(name);
    }

    /** Called when a tunnel of a name was opened. Returns whether there is an account, which then stays as long as the tunnel. */
    boolean opened(@Nullable String name) {
        if (name == null) return false;
        Account account = accounts.remove(name);
        if (account == null && accounts.size() >= most && !dropOldest()) return false;
        if (account == null) account = new Account();
        account.open++;
        accounts.put(name, account);
        return true;
    }

    private boolean dropOldest() {
        for (Iterator<Account> each = accounts.values().iterator(); each.hasNext(); ) {
            if (each.next().open > 0) continue;
            each.remove();
            return true;
        }
        return false;
    }

    /**
     * Called when a tunnel of a name has ended.
     *
     * @param visitors of the tunnel in all
     * @param counted what {@link #opened} has returned for it
     */
    void ended(@Nullable String name, long visitors, boolean counted) {
        Account account = get(name);
        if (account == null) return;
        if (counted) account.open--;
        account.visitors += visitors;
    }

    Map<String, Account> copy() {
        Map<String, Account> copy = new LinkedHashMap<>();
        accounts.forEach((name, account) -> copy.put(name, account.copy()));
        return copy;
    }
}
