package org.relay4j.conformance;

/**
 * The result of one case.
 *
 * @param seen the observed behaviour of the endpoint, in one line
 */
record Result(Case of, Verdict verdict, String seen, Trace trace) {}
