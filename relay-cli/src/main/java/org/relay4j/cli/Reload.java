package org.relay4j.cli;

import java.io.Closeable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.files.FileStamp;
import org.relay4j.server.files.FileWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies changes of the configuration file to a running server or forwarder: when the file changes, or on SIGHUP. Either all
 * changes are applied that need no restart, or none. Safe for use by several threads.
 */
final class Reload implements Closeable {
    private static final Logger log = LoggerFactory.getLogger(Reload.class);

    /** What runs with the configuration. The methods throw {@link CommandFailure} or IllegalArgumentException. */
    interface Target {
        /** Checks the options of this mode, as at a start, but changes nothing. */
        void validate(Arguments fresh);

        /** Applies the options, of which those in {@code changed} are new. Changes nothing if it throws. */
        void apply(Arguments next, Set<Flag> changed);
    }

    private final ReentrantLock lock = new ReentrantLock(); // one reload at a time
    private final @Nullable Path file;
    private final Duration interval; // between two checks of the file
    private @Nullable Target target; // null until it runs; guarded by lock
    private @Nullable FileWatch watch; // guarded by lock
    private boolean requested; // before there was a target; guarded by lock
    private Arguments current; // in force; guarded by lock
    private @Nullable FileStamp read; // of the version that was read last; guarded by lock
    private @Nullable FileStamp seen; // at the last check; guarded by lock

    /**
     * Waits for the target.
     *
     * @param interval between two checks of the file
     */
    Reload(Arguments arguments, Duration interval) {
        this.interval = interval;
        current = arguments;
        Value name = arguments.get(Flag.CONFIG);
        file = name == null ? null : name.path();
        read = arguments.file();
    }

    /** Answers SIGHUP from now on; a request that came before the target is served with it. */
    static Reload prepare(Arguments arguments, Shutdown shutdown) {
        Reload reload = new Reload(arguments, FileWatch.INTERVAL);
        shutdown.hangUp().answer(reload::reload);
        return reload;
    }

    /** Starts to watch the file, until this is closed. A request that came before is served now. */
    Reload begin(Target running) {
        lock.lock();
        try {
            target = running;
            if (requested) reload();
            if (file != null) watch = new FileWatch(interval, this::readChangedFile);
        } finally {
            lock.unlock();
        }
        return this;
    }

    private @Nullable FileStamp stamp() {
        return file == null ? null : FileStamp.of(file);
    }

    private void readChangedFile() {
        lock.lock();
        try {
            FileStamp now = stamp();
            boolean written = Objects.equals(now, seen); // else an editor may still be writing it
            seen = now;
            if (written && !Objects.equals(now, read)) reload();
        } finally {
            lock.unlock();
        }
    }

    /** Reads the configuration again and applies it. The log has the result. Blocks until that is done. */
    void reload() {
        lock.lock();
        try {
            Target running = target;
            if (running == null) {
                requested = true;
                return;
            }
            read = stamp();
            Arguments fresh = current.again();
            if (fresh.mode() != current.mode()) {
                throw CommandFailure.usage("the configuration is for " + fresh.mode() + " now, but this is "
                        + current.mode() + "; start it again to change that");
            }
            Cli.isLogJson(fresh.get(Flag.LOG_FORMAT), false);
            new AdminArguments(fresh).check();
            running.validate(fresh);
            apply(fresh, running);
        } catch (CommandFailure | IllegalArgumentException e) {
            log.error("reload failed, the configuration stays as it was: {}", e.getMessage());
        } catch (RuntimeException | Error e) {
            log.error("reload failed: unexpected failure; SIGHUP tries again", e);
        } finally {
            lock.unlock();
        }
    }

    private void apply(Arguments fresh, Target running) {
        Value level = fresh.logLevel();
        if (level != null) StandardErrorLogging.parse(level);
        Mode mode = fresh.mode();
        Set<Flag> changed = EnumSet.noneOf(Flag.class);
        Set<Flag> fixed = EnumSet.noneOf(Flag.class);
        for (Flag flag : Flag.values()) {
            if (flag.belongsTo(mode) && differs(flag, fresh)) (isReloadable(flag, fresh) ? changed : fixed).add(flag);
        }
        postpone(changed, fixed, fresh, running);
        Arguments next = current.with(changed, fresh);
        running.apply(next, changed);
        for (Flag flag : changed) log.info("reload: {}", change(flag, fresh));
        for (Flag flag : fixed) log.warn("reload: {}, which needs a restart", change(flag, fresh));
        boolean movedHost = restartForAddress(
                ConfigFile.HOST, current.address().host(), fresh.address().host());
        boolean movedPort = restartForAddress(
                ConfigFile.PORT, current.address().port(), fresh.address().port());
        if (changed.isEmpty() && fixed.isEmpty() && !movedHost && !movedPort) log.info("reload: no option has changed");
        if (changed.contains(Flag.LOG_LEVEL) && !next.has(Flag.QUIET)) StandardErrorLogging.change(level);
        current = next;
    }

    /** An option that is possible only together with one that needs a restart waits for the restart too. */
    private void postpone(Set<Flag> changed, Set<Flag> fixed, Arguments fresh, Target running) {
        for (Flag flag : Set.copyOf(changed)) {
            if (fixed.isEmpty() || isPossible(changed, fresh, running)) return;
            Set<Flag> others = EnumSet.copyOf(changed);
            others.remove(flag);
            if (!isPossible(others, fresh, running)) continue;
            changed.remove(flag);
            fixed.add(flag);
        }
    }

    private boolean isPossible(Set<Flag> changed, Arguments fresh, Target running) {
        try {
            running.validate(current.with(changed, fresh));
            return true;
        } catch (CommandFailure | IllegalArgumentException e) {
            return false;
        }
    }

    /** TLS cannot be switched on or off, because all clients would have to follow. */
    private boolean isReloadable(Flag flag, Arguments fresh) {
        boolean tls = TlsArguments.OF_SERVER.contains(flag);
        boolean switched = (current.get(Flag.TLS_CERT) == null) != (fresh.get(Flag.TLS_CERT) == null);
        return flag.isReloadable(fresh.mode()) && !(tls && switched);
    }

    private boolean differs(Flag flag, Arguments fresh) {
        return !text(flag, current).equals(text(flag, fresh));
    }

    private String change(Flag flag, Arguments fresh) {
        Value value = fresh.get(flag);
        return flag.keys().get(0) + " changed from " + text(flag, current) + " to " + text(flag, fresh) + " ("
                + (value == null ? "default" : value.origin()) + ")";
    }

    private static String text(Flag flag, Arguments arguments) {
        Value value = arguments.get(flag);
        if (value == null) return flag.usual(arguments.mode());
        return flag.isSwitch() ? (value.isOn() ? "on" : "off") : value.text().replace(Forward.SEPARATOR, " ");
    }

    private static boolean restartForAddress(String key, @Nullable Value before, @Nullable Value after) {
        if (before == null || after == null || before.text().equals(after.text())) return false;
        log.warn(
                "reload: {} changed from {} to {} ({}), which needs a restart",
                key,
                before.text(),
                after.text(),
                after.origin());
        return true;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (watch != null) watch.close();
        } finally {
            lock.unlock();
        }
    }
}
