/**
 * The header of the PROXY protocol, which carries the address of a visitor.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api.proxy;

import org.jspecify.annotations.NullMarked;
