package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.api.Endpoint;

/** The services of a forwarder, as the user writes them. */
class ForwardTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "6379                              | 6379             | localhost:6379     | tcp/0",
                "127.0.0.1:6379                    | 127.0.0.1-6379   | 127.0.0.1:6379     | tcp/0",
                "db.internal:5432,port=5432        | db.internal-5432 | db.internal:5432   | tcp/5432",
                "[::1]:80                          | 1-80             | [::1]:80           | tcp/0",
                "web=8080,host=app.example.com     | web              | localhost:8080     | host/app.example.com",
                "web=8080,host=App.Example.COM.    | web              | localhost:8080     | host/app.example.com",
                "web=8080,host=any                 | web              | localhost:8080     | host/0",
                "udp:53                            | udp-53           | udp:localhost:53   | udp/0",
                "dns=udp:10.0.0.1:53,port=5353     | dns              | udp:10.0.0.1:53    | udp/5353",
                "unix:/run/app.sock                | unix-run-app.sock | unix:/run/app.sock | tcp/0",
                "unix:/run/a=b.sock                | unix-run-a-b.sock | unix:/run/a=b.sock | tcp/0",
                "app=unix:/run/my app.sock,port=80 | app              | unix:/run/my app.sock | tcp/80",
                "app=unix:app.sock                 | app              | unix:app.sock      | tcp/0",
                "web=8080,host=any.example.com,share | web            | localhost:8080     | host/any.example.com",
                "web=8080,share,port=80            | web              | localhost:8080     | tcp/80",
                "Web-1.a_b=80                      | Web-1.a_b        | localhost:80       | tcp/0",
            })
    void servicesAreUnderstood(String text, String name, String local, String endpoint) {
        Forward service = Forward.of(text);
        assertEquals(name, service.name());
        assertEquals(local, service.localText());
        assertEquals(Endpoint.parse(endpoint), service.endpoint());
        assertEquals(text.contains(",share"), service.share());
        assertEquals(service, Forward.of(service.toString()), "its text can be parsed again");
    }

    @Test
    void addressesAreResolvedLater() {
        assertEquals(
                InetSocketAddress.createUnresolved("db", 5432),
                Forward.of("db:5432").local());
        assertEquals(
                UnixDomainSocketAddress.of("/run/app.sock"),
                Forward.of("unix:/run/app.sock").local());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``                        | the local service is missing; write its port, <host>:<port> or unix:<path>",
                "web=                      | the local service is missing; write its port, <host>:<port> or unix:<path>",
                "udp:                      | the local service is missing; write its port, such as udp:53",
                "0                         | '0' is not a port; it must be 1 to 65535",
                "65536                     | '65536' is not a port; it must be 1 to 65535",
                "localhost:web             | 'web' is not a port; it must be 1 to 65535",
                "localhost:                | '' is not a port; it must be 1 to 65535",
                "-1                        | the port is missing; write -1:<port>",
                "localhost                 | the port is missing; write localhost:<port>",
                "[::1]                     | it must be <port>, <host>:<port> or unix:<path>; write an IPv6 address in brackets, such as [::1]:80",
                "::1:80                    | it must be <port>, <host>:<port> or unix:<path>; write an IPv6 address in brackets, such as [::1]:80",
                "8080:localhost:80         | it must be <port>, <host>:<port> or unix:<path>; write an IPv6 address in brackets, such as [::1]:80",
                ":80                       | '' is not a host name or an address; correct it",
                "my host:80                | 'my host' is not a host name or an address; correct it",
                "user@host:80              | 'user@host' is not a host name or an address; correct it",
                "http://localhost:8080     | a URL is not a service; write its host and port, such as localhost:8080",
                "web=https://localhost     | a URL is not a service; write its host and port, such as localhost:8080",
                "unix:                     | the path of the socket is empty; use one such as /run/app.sock",
                "udp:unix:/run/app.sock    | a Unix-domain socket for datagrams is not supported; use udp:<port>",
                "=8080                     | '' is not a name; it must have 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit",
                "my app=8080               | 'my app' is not a name; it must have 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit",
                "-a=8080                   | '-a' is not a name; it must have 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit",
                "8080,                     | a comma is followed by nothing; write ,port=<port> or ,host=<host>, or remove it",
                "8080,,port=80             | a comma is followed by nothing; write ,port=<port> or ,host=<host>, or remove it",
                "8080,hots=app.example.com | 'hots' is not an option of a service (did you mean host?)",
                "8080,tls=true             | 'tls' is not an option of a service; the options are port=<port>, host=<host> and share",
                "8080,443                  | '443' is not an option of a service; the options are port=<port>, host=<host> and share",
                "8080,host                 | host has no value; write host=<host>",
                "8080,port=                | port has no value; write port=<port>",
                "8080,port=0               | '0' is not a port; it must be 1 to 65535",
                "8080,port=80-90           | '80-90' is not a port; it must be 1 to 65535",
                "8080,port=80,port=81      | port is set twice; for two endpoints, forward the service twice, with two names",
                "8080,port=80,host=a.b     | port and host are both set; for two endpoints, forward the service twice, with two names",
                "udp:53,host=a.b           | a UDP service has no host; use port=<port>",
                "8080,port=80,share=true   | share has no value; write ,share",
                "8080,port=80,share,share  | share is set twice; remove one",
                "8080,share                | share needs the endpoint that the forwarders share; add port=<port> or host=<host>, the same for each of them",
                "8080,host=any,share       | share needs the endpoint that the forwarders share; add port=<port> or host=<host>, the same for each of them",
                "udp:53,port=53,share      | a UDP port cannot be shared; remove share",
                "8080,port=80,shared       | 'shared' is not an option of a service (did you mean share?)",
                "8080,host=a.b:443         | 'a.b:443' is not a host name; it must be like app.example.com, without port, wildcard or IP address",
                "8080,host=*.a.b           | '*.a.b' is not a host name; it must be like app.example.com, without port, wildcard or IP address",
                "8080,host=10.0.0.1        | '10.0.0.1' is not a host name; it must be like app.example.com, without port, wildcard or IP address",
            })
    void mistakesNameTheValueAndTheRemedy(String text, String why) {
        CommandFailure failure = assertThrows(CommandFailure.class, () -> Forward.all(new Value("--forward", text)));
        assertEquals("--forward is '" + text + "': " + why, failure.getMessage());
        assertEquals(ExitCode.USAGE, failure.code());
    }

    @Test
    void lengthsAreBounded() {
        assertEquals("a".repeat(64), Forward.of("a".repeat(64) + "=80").name());
        assertThrows(IllegalArgumentException.class, () -> Forward.of("a".repeat(65) + "=80"));
        String path = "unix:/run/" + "x".repeat(90) + "/app.sock";
        assertEquals(64, Forward.of(path).name().length());
        IllegalArgumentException failure =
                assertThrows(IllegalArgumentException.class, () -> Forward.of("unix:/" + "x".repeat(107)));
        assertTrue(failure.getMessage().endsWith("; use a shorter path"), failure.getMessage());
    }

    @Test
    void severalServices() {
        assertEquals(List.of("6379", "web"), names(new Value("--forward", "6379\nweb=8080,host=app.example.com")));
        assertEquals(
                List.of("6379", "web", "dns"),
                names(new Value("RELAY_FORWARD", " 6379  web=8080,host=app.example.com\tdns=udp:53 ")));
    }

    private static List<String> names(Value value) {
        return Forward.all(value).stream().map(Forward::name).toList();
    }

    @Test
    void servicesMustNotHaveTheSameNameOrEndpoint() {
        assertEquals(
                "--forward is '6379': there is another service 6379; give each a name of its own, such as"
                        + " web=localhost:6379",
                refusal("6379\n6379"));
        assertEquals(
                "--forward is 'b=2,port=80': port=80 is that of the service a too; choose another for one of them",
                refusal("a=1,port=80\nb=2,port=80"));
        assertEquals(
                "--forward is 'b=2,host=A.b': host=a.b is that of the service a too; choose another for one of them",
                refusal("a=1,host=a.b\nb=2,host=A.b"));
        assertEquals(List.of("a", "b"), names(new Value("--forward", "a=1,port=80\nb=udp:2,port=80")));
        assertEquals(List.of("a", "b"), names(new Value("--forward", "a=1,host=any\nb=2,host=any")));
    }

    @Test
    void thereAreAtMostAHundred() {
        String hundred = IntStream.rangeClosed(1, 100).mapToObj(String::valueOf).collect(Collectors.joining("\n"));
        assertEquals(100, names(new Value("--forward", hundred)).size());
        assertEquals(
                "--forward has 101 services, it must have at most 100; run a second forwarder for the others",
                refusal(hundred + "\n101"));
    }

    private static String refusal(String text) {
        return assertThrows(CommandFailure.class, () -> Forward.all(new Value("--forward", text)))
                .getMessage();
    }
}
