package org.relay4j.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Adds the tunnel to the application's health, if the actuator is present. */
@AutoConfiguration(after = RelayAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(WebTunnel.class)
@ConditionalOnEnabledHealthIndicator("relay")
public final class RelayHealthAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean(name = "relayHealthIndicator")
    RelayHealthIndicator relayHealthIndicator(WebTunnel tunnel) {
        return new RelayHealthIndicator(tunnel);
    }
}
