package org.relay4j.spring;

import org.relay4j.api.Endpoint;

/**
 * An endpoint that a tunnel is asked for.
 *
 * @param share whether other applications serve it, too
 */
record WebEndpoint(Endpoint endpoint, boolean share) {}
