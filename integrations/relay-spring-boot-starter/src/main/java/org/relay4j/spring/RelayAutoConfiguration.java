package org.relay4j.spring;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;

/**
 * Gives the application's web server a public port if {@code relay.host} is set. An application with a {@link Tunnel} bean of its
 * own gets no second one.
 */
@AutoConfiguration
@ConditionalOnWebApplication
@ConditionalOnClass(WebServerApplicationContext.class)
@ConditionalOnProperty("relay.host")
@ConditionalOnBooleanProperty(name = "relay.enabled", matchIfMissing = true)
@ConditionalOnMissingBean(Tunnel.class)
@EnableConfigurationProperties(RelayProperties.class)
public final class RelayAutoConfiguration {
    @Bean
    WebTunnel relayTunnel(
            RelayProperties properties, ObjectProvider<TunnelListener> listeners, ApplicationContext context) {
        InetSocketAddress server =
                InetSocketAddress.createUnresolved(properties.requiredHost(), properties.requiredPort());
        return new WebTunnel(server, properties.webEndpoint(), properties.options(), listeners, context);
    }

    @Bean
    TunnelLifecycle relayTunnelLifecycle(
            WebTunnel tunnel,
            RelayProperties properties,
            ObjectProvider<ServerProperties> server,
            ApplicationContext context) {
        return new TunnelLifecycle(tunnel, context, address(server), properties.checkedCloseTimeout());
    }

    private static @Nullable InetAddress address(ObjectProvider<ServerProperties> server) {
        ServerProperties properties = server.getIfAvailable();
        return properties == null ? null : properties.getAddress();
    }

    @Bean
    TunnelClosing relayTunnelClosing(WebTunnel tunnel) {
        return new TunnelClosing(tunnel);
    }
}
