package org.relay4j.conformance;

/**
 * One test case for an endpoint.
 *
 * @param id group and name, such as {@code data/after-fin}; unique, and stable over versions
 * @param title short description of the tested behaviour
 * @param level severity of a deviation
 * @param rule the requirement
 * @param script the steps of the case
 */
record Case(String id, String title, Level level, Rule rule, Script script) {
    static Case must(String id, String title, Rule rule, Script script) {
        return new Case(id, title, Level.MUST, rule, script);
    }

    static Case should(String id, String title, Rule rule, Script script) {
        return new Case(id, title, Level.SHOULD, rule, script);
    }
}
