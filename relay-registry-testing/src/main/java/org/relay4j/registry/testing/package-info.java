/**
 * Tests that every store of a cluster's registry must pass: extend {@link org.relay4j.registry.testing.RegistryStoreContract}, and
 * {@link org.relay4j.registry.testing.RegistryOutageContract} if the store has a server that can fall silent.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.registry.testing;

import org.jspecify.annotations.NullMarked;
