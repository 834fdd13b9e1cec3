package org.relay4j.client;

import org.relay4j.api.proxy.ProxyHeader;

/**
 * The version of the PROXY protocol with which a forwarder passes the address of a visitor to its local service.
 *
 * <pre>{@code
 * RelayClientOptions options =
 *         RelayClientOptions.builder().proxyProtocol(ProxyProtocol.V2).build();
 * }</pre>
 */
public enum ProxyProtocol {
    /** One line of text. */
    V1 {
        @Override
        byte[] encode(ProxyHeader header) {
            return header.encodeV1();
        }
    },
    /** Binary. */
    V2 {
        @Override
        byte[] encode(ProxyHeader header) {
            return header.encodeV2();
        }
    };

    abstract byte[] encode(ProxyHeader header);
}
