package org.relay4j.conformance;

/** A receiver of the results of a run, one by one. */
interface Report {
    void begin(String endpoint, Role role);

    void result(Result result);

    void end(Totals totals);
}
