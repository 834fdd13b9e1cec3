package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * The connection to the relay server was lost: it ended although this side had not closed it.
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
     * Returns true if the server closed the tunnel gracefully while no visitor was connected, so no data was lost. Returns false
     * if the connection broke or timed out, or if either side violated the protocol.
     */
    public boolean isClean() {
        return clean;
    }
}
