package org.relay4j.conformance;

/** Where the results of a run go, one by one. */
interface Report {
    void begin(String endpoint, Role role);

    void result(Result result);

    void end(Totals totals);
}
