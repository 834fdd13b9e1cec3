/**
 * The tunnel to the web server of a Spring Boot application: its configuration, its events and its health.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.spring;

import org.jspecify.annotations.NullMarked;
