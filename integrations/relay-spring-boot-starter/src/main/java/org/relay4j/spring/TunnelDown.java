package org.relay4j.spring;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;

/**
 * Application event: the tunnel is down. Published on a thread of the tunnel; the next event waits until all listeners have
 * returned.
 *
 * @param tunnel the bean
 * @param cause the reason; null if this side closed the tunnel
 * @param willRetry true if the tunnel is being re-established
 */
public record TunnelDown(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {}
