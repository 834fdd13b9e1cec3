package org.relay4j.conformance;

/**
 * What became of one case.
 *
 * @param seen what the endpoint did, in one line
 */
record Result(Case of, Verdict verdict, String seen, Trace trace) {}
