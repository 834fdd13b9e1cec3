package org.relay4j.spring;

import io.micrometer.core.instrument.binder.MeterBinder;
import org.relay4j.api.Tunnel;
import org.relay4j.micrometer.RelayMetrics;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

/** Gives the meters of the tunnel, also of one that the application opened itself, to the application's registries. */
@AutoConfiguration(after = RelayAutoConfiguration.class)
@ConditionalOnClass(MeterBinder.class)
@ConditionalOnSingleCandidate(Tunnel.class)
public final class RelayMetricsAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    RelayMetrics relayMetrics(Tunnel tunnel) {
        return new RelayMetrics(tunnel);
    }
}
