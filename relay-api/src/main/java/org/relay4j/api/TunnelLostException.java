package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * The connection to the relay server has ended, and this side did not want that.
 *
 * <pre>{@code
 * TunnelListener listener = new TunnelListener() {
 *     public void down(Tunnel tunnel, Throwable cause, boolean willRetry) {
 *         if (cause instanceof TunnelLostException lost && !lost.isClean()) alert(lost);
 *     }
 * };
 * RelayClientOptions options = RelayClientOptions.builder().listener(listener).build();
 * RelayClient.connect("relay.example.com", 7000, options).close();
 * }</pre>
 */
public class TunnelLostException extends RelayException {
    private static final long serialVersionUID = 1L;

    private final boolean clean;

    public TunnelLostException(String message, boolean clean, @Nullable Throwable cause) {
        super(message, cause);
        this.clean = clean;
    }

    /**
     * True when the server ended the tunnel in an orderly way while no visitor was connected: nothing was cut off. False when
     * the connection broke, or fell silent, or one side broke the protocol.
     */
    public boolean isClean() {
        return clean;
    }
}
