package org.relay4j.cli.admin;

import io.prometheus.metrics.config.PrometheusProperties;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.instrumentation.jvm.JvmBufferPoolMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The metrics of the process in the formats of Prometheus. Safe for use by several threads. */
final class Metrics {
    /*
     * Everything is read when it is asked for, so that nothing is counted for the metrics alone. Of the many metrics of the JVM,
     * those that help to watch a relay are shown.
     */
    private static final Set<String> OF_THE_JVM = Set.of(
            "process_cpu_seconds",
            "process_start_time_seconds",
            "process_open_fds",
            "process_max_fds",
            "process_resident_memory_bytes",
            "jvm_memory_used_bytes",
            "jvm_memory_max_bytes",
            "jvm_buffer_pool_used_bytes",
            "jvm_gc_collection_seconds");

    private final AdminProcess process;
    private final Gatekeeper gatekeeper;
    private final PrometheusRegistry jvm = new PrometheusRegistry();
    private final ExpositionFormats formats = ExpositionFormats.init(PrometheusProperties.get());

    Metrics(AdminProcess process, Gatekeeper gatekeeper) {
        this.process = process;
        this.gatekeeper = gatekeeper;
        ProcessMetrics.builder().register(jvm);
        JvmMemoryMetrics.builder().register(jvm);
        JvmBufferPoolMetrics.builder().register(jvm);
        JvmGarbageCollectorMetrics.builder().register(jvm);
    }

    /**
     * Returns the metrics in the format that a request accepts.
     *
     * @param accepts the value of the header {@code Accept}; null if there is none
     * @param source null before the server or forwarder has started
     */
    Response respond(@Nullable String accepts, @Nullable AdminSource source) {
        ExpositionFormatWriter writer = formats.findWriter(accepts == null ? "" : accepts);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try {
            writer.write(body, snapshots(source));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory can be written
        }
        return Response.of(Response.OK, writer.getContentType(), body.toByteArray());
    }

    MetricSnapshots snapshots(@Nullable AdminSource source) {
        Families families = new Families();
        if (source != null) source.collect(families);
        families.gauge(
                "relay_draining", "1 while the process is shutting down, otherwise 0.", process.isDraining() ? 1 : 0);
        families.counter(
                "relay_admin_refusals",
                "Requests to the admin address that were refused, by reason.",
                gatekeeper.refusals().entrySet().stream()
                        .map(each -> Families.Sample.of("reason", each.getKey(), each.getValue()))
                        .toList());
        families.info("relay_build", "The version of Relay.", Labels.of("version", ProgramVersion.text()));
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        families.all().forEach(all::metricSnapshot);
        jvm.scrape().stream()
                .filter(each -> OF_THE_JVM.contains(each.getMetadata().getName()))
                .forEach(all::metricSnapshot);
        return all.build();
    }
}
