package org.relay4j.conformance;

/**
 * One question to an endpoint.
 *
 * @param id group and name, such as {@code data/after-fin}; unique, and stable over versions
 * @param title what is examined, in a few words
 * @param level what a deviation is worth
 * @param rule what is demanded
 * @param script how to find out
 */
record Case(String id, String title, Level level, Rule rule, Script script) {
    static Case must(String id, String title, Rule rule, Script script) {
        return new Case(id, title, Level.MUST, rule, script);
    }

    static Case should(String id, String title, Rule rule, Script script) {
        return new Case(id, title, Level.SHOULD, rule, script);
    }
}
