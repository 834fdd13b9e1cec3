package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.time.Duration;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValueTest {
    @Test
    void portsAreNumbersUpToTheHighest() {
        assertEquals(0, value("0").port(0));
        assertEquals(1, value("1").port(1));
        assertEquals(65_535, value("65535").port(1));
        assertEquals(80, value("00080").port(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "+1", "65536", "70000", "4294967297", "http", "", " 7", "7 ", "7.0", "0x10", "٧"})
    void otherPortsAreRefused(String text) {
        assertEquals("--x is '" + text + "', it must be a port number, 0 to 65535", refusal(text, v -> v.port(0)));
    }

    @Test
    void lowestPortIsTheCallers() {
        assertEquals("--x is '0', it must be a port number, 1 to 65535", refusal("0", v -> v.port(1)));
    }

    @Test
    void portRanges() {
        assertEquals(new Value.PortRange(20_000, 29_999), value("20000-29999").portRange());
        assertEquals(new Value.PortRange(5432, 5432), value("5432").portRange());
        assertEquals(new Value.PortRange(1, 65_535), value("1-65535").portRange());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0-10", "30-20", "1-65536", "a-b", "1-", "-1", "1-2-3", "1..2", ""})
    void otherPortRangesAreRefused(String text) {
        refusal(text, Value::portRange);
    }

    @ParameterizedTest
    @CsvSource({"500ms, 500", "10s, 10000", "10, 10000", "0, 0", "2m, 120000", "1h, 3600000", "3S, 3000"})
    void durations(String text, long millis) {
        assertEquals(Duration.ofMillis(millis), value(text).duration());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s", "-1s", "1.5s", "1d", "10 s", "9999999999s"})
    void otherDurationsAreRefused(String text) {
        assertEquals(
                "--x is '" + text + "', it must be a time such as 10s, 500ms or 2m", refusal(text, Value::duration));
    }

    @ParameterizedTest
    @CsvSource({"262144, 262144", "512k, 524288", "4m, 4194304", "4M, 4194304", "2047m, 2146435072"})
    void sizes(String text, int bytes) {
        assertEquals(bytes, value(text).bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "k", "-1", "1g", "1.5m", "2048m", "9999999m", "4mb"})
    void otherSizesAreRefused(String text) {
        refusal(text, Value::bytes);
    }

    @Test
    void counts() {
        assertEquals(17, value("17").count());
        assertEquals("--x is 'many', it must be a whole number", refusal("many", Value::count));
        assertEquals("--x is '9999999999', it must be a whole number", refusal("9999999999", Value::count));
    }

    @ParameterizedTest
    @CsvSource({"relay.example.com, relay.example.com", "10.0.0.1, 10.0.0.1", "::1, ::1", "[::1], ::1"})
    void hosts(String text, String host) {
        assertEquals(host, value(text).host());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "http://relay.example.com", "a b", "user@host", "[]", "[::1]:7000", "a:1", ":"})
    void otherHostsAreRefused(String text) {
        refusal(text, Value::host);
    }

    @Test
    void addresses() throws Exception {
        assertEquals(InetAddress.getLoopbackAddress(), value("127.0.0.1").address());
        assertEquals("::1", Output.literal(value("::1").address()));
        refusal("", Value::address);
        refusal("no-such-host.invalid", Value::address);
    }

    @ParameterizedTest
    @CsvSource({"true, true", "1, true", "Yes, true", "ON, true", "false, false", "0, false", "no, false", "off, false"
    })
    void switches(String text, boolean on) {
        assertEquals(on, value(text).isOn());
    }

    @Test
    void otherSwitchesAreRefused() {
        assertEquals("--x is 'perhaps', it must be true or false", refusal("perhaps", Value::isOn));
    }

    @Test
    void objectionsOfTheLibraryGetTheUsersName() {
        Value value = new Value("RELAY_MAX_TUNNELS", "0");
        assertEquals(
                "RELAY_MAX_TUNNELS is '0', it must be 1 to 9",
                value.rejected(new IllegalArgumentException("maxTunnels is 0, it must be 1 to 9"))
                        .getMessage());
        assertEquals(
                "RELAY_MAX_TUNNELS is '0': nonsense",
                value.rejected(new IllegalArgumentException("nonsense")).getMessage());
    }

    private static Value value(String text) {
        return new Value("--x", text);
    }

    private static String refusal(String text, Function<Value, Object> reading) {
        CommandFailure failure = assertThrows(CommandFailure.class, () -> reading.apply(value(text)));
        assertEquals(ExitCode.USAGE, failure.code());
        return failure.getMessage();
    }
}
