/**
 * A reader of JSON, shared by the command line and the registry in etcd. Not exported to users.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api.json;

import org.jspecify.annotations.NullMarked;
