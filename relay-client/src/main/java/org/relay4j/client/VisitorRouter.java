package org.relay4j.client;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Hands the visitors of a tunnel with several endpoints to the service of the endpoint that their header names. */
final class VisitorRouter implements Service {
    private static final Logger log = LoggerFactory.getLogger(VisitorRouter.class);

    private final EndpointTable endpoints;
    private final LimitedLog strangers = new LimitedLog(log, Level.WARN);

    VisitorRouter(EndpointTable endpoints) {
        this.endpoints = endpoints;
    }

    /** Has the hosts of the services resolved again. Does not block: they keep the addresses that they have until then. */
    @Override
    public void prepare() {
        endpoints.all().forEach(ServedEndpoint::prepareLater);
    }

    @Override
    public @Nullable StreamHandler begin(ServiceConnection on, MuxStream stream, @Nullable VisitorHeader header) {
        String name = header == null ? null : header.header().endpoint();
        ServedEndpoint one = endpoints.find(name);
        if (one != null && one.serves(System.nanoTime())) return one.service.begin(on, stream, header);
        if (header != null && name != null && endpoints.isAsking())
            return on.held().hold(stream, header);
        strangers.log("{}: visitor reset, {} is not open", on, name == null ? "its endpoint" : name);
        return null;
    }
}
