package org.relay4j.netty;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The options of a relay channel: those of every channel, two that change how it ends, and common TCP options that can be set
 * and read without an effect.
 */
final class RelayChannelConfig extends DefaultChannelConfig {
    private static final Map<ChannelOption<?>, Object> INITIAL = Map.of(
            ChannelOption.ALLOW_HALF_CLOSURE, false,
            ChannelOption.SO_LINGER, -1,
            ChannelOption.TCP_NODELAY, true,
            ChannelOption.SO_KEEPALIVE, false,
            ChannelOption.SO_REUSEADDR, false,
            ChannelOption.SO_BACKLOG, 0,
            ChannelOption.SO_SNDBUF, 0,
            ChannelOption.SO_RCVBUF, 0,
            ChannelOption.IP_TOS, 0);

    private final Map<ChannelOption<?>, Object> values = new ConcurrentHashMap<>(4); // only those that were set
    private final Runnable onAutoReadCleared;

    /**
     * Creates a configuration with the initial values.
     *
     * @param sizes chooses how much is read at once
     * @param onAutoReadCleared run on the event loop when reading must stop
     */
    RelayChannelConfig(Channel channel, RecvByteBufAllocator sizes, Runnable onAutoReadCleared) {
        super(channel, sizes);
        this.onAutoReadCleared = onAutoReadCleared;
    }

    /** Returns whether the channel stays open when the visitor ends its direction. */
    boolean allowsHalfClosure() {
        return Boolean.TRUE.equals(getOption(ChannelOption.ALLOW_HALF_CLOSURE));
    }

    /** Returns whether closing the channel resets the visitor and discards pending data. */
    boolean closesWithReset() {
        return Objects.equals(getOption(ChannelOption.SO_LINGER), 0);
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        Map<ChannelOption<?>, Object> all = new HashMap<>(super.getOptions());
        all.putAll(INITIAL);
        all.putAll(values);
        return all;
    }

    @Override
    @SuppressWarnings("unchecked") // an option's value is of the option's type
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        Object initial = INITIAL.get(option);
        return initial == null ? super.getOption(option) : (T) values.getOrDefault(option, initial);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        if (!INITIAL.containsKey(option)) return super.setOption(option, value);
        validate(option, value);
        values.put(option, value);
        return true;
    }

    @Override
    protected void autoReadCleared() {
        if (channel.isRegistered() && !channel.eventLoop().inEventLoop())
            channel.eventLoop().execute(onAutoReadCleared);
        else onAutoReadCleared.run();
    }
}
