package org.relay4j.spring;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;

/**
 * The application event that the tunnel has ended. Published on a thread of the tunnel, to which the next event has to wait
 * for this one.
 *
 * @param tunnel the bean
 * @param cause why; null when this side closed it
 * @param willRetry true when it is being re-established
 */
public record TunnelDown(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {}
