package org.relay4j.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;

/** The command {@code relay --localForwardPort=<port> <host> <port>}. */
final class ForwarderCommand {
    private final Arguments arguments;
    private final Output output;
    private final Shutdown shutdown;

    ForwarderCommand(Arguments arguments, Output output, Shutdown shutdown) {
        this.arguments = arguments;
        this.output = output;
        this.shutdown = shutdown;
    }

    /** Runs until the tunnel is lost for good, or the process is told to end. */
    void run() throws InterruptedException {
        String host = arguments.argument(0, "<host>").host();
        int port = arguments.argument(1, "<port>").port(1);
        InetSocketAddress local = local();
        RelayClientOptions options = options(local);
        RelayForwarder forwarder;
        try {
            forwarder = shutdown.closes(RelayClient.forward(host, port, local, options));
        } catch (IOException e) {
            throw failure(host + ":" + port, e);
        }
        forwarder.awaitEnd();
        Throwable cause = forwarder.endCause();
        if (cause != null) throw lost(host + ":" + port, cause);
    }

    private InetSocketAddress local() {
        Value port = arguments.get(Flag.LOCAL_FORWARD_PORT);
        if (port == null) throw new IllegalStateException("a forwarder without " + Flag.LOCAL_FORWARD_PORT);
        Value host = arguments.get(Flag.LOCAL_HOST);
        if (host == null) return new InetSocketAddress("localhost", port.port(1));
        InetSocketAddress local = new InetSocketAddress(host.host(), port.port(1));
        if (local.isUnresolved()) throw host.mustBe("a host that this machine knows");
        // A name is looked up again with each new tunnel, an address never.
        boolean named = !local.getAddress().getHostAddress().equals(local.getHostString());
        return named ? InetSocketAddress.createUnresolved(host.host(), port.port(1)) : local;
    }

    /** What the arguments say, as the library wants it. */
    RelayClientOptions options(InetSocketAddress local) {
        RelayClientOptions.Builder options = RelayClientOptions.builder();
        arguments.apply(Flag.CONNECT_TIMEOUT, value -> options.connectTimeout(value.duration()), options::build);
        arguments.apply(Flag.HANDSHAKE_TIMEOUT, value -> options.handshakeTimeout(value.duration()), options::build);
        return options.reconnect(!arguments.has(Flag.NO_RECONNECT))
                .session(ServerCommand.session(arguments))
                .listener(new Announcer(local))
                .build();
    }

    /** The failure of the first attempt. */
    static CommandFailure failure(String server, IOException e) {
        if (e instanceof RelayRefusedException refused) return refusal(server, refused);
        if (e instanceof RelayProtocolException) {
            return new CommandFailure(
                    ExitCode.UNREACHABLE, e.getMessage() + ": is that the port of a relay server?", e);
        }
        if (e instanceof RelayUnreachableException) {
            boolean unknown = e.getCause() instanceof UnknownHostException;
            String remedy = unknown ? ": check the name" : ": is the relay server running, and this its address?";
            return new CommandFailure(ExitCode.UNREACHABLE, e.getMessage() + remedy, e);
        }
        if (e instanceof UnknownHostException) {
            return new CommandFailure(ExitCode.FAILURE, e.getMessage() + ": check " + Flag.LOCAL_HOST, e);
        }
        return new CommandFailure(ExitCode.FAILURE, "no tunnel to " + server + ": " + e, e);
    }

    private static CommandFailure refusal(String server, RelayRefusedException refused) {
        String answer = refused.code() + (refused.detail().isEmpty() ? "" : ", " + refused.detail());
        String line = "the relay server " + server + " refused: " + answer;
        if (refused.code().startsWith("auth-")) {
            return new CommandFailure(ExitCode.AUTHENTICATION, line, refused);
        }
        return switch (refused.code()) {
            case "port-unavailable", "no-port-free", "limit-reached" ->
                new CommandFailure(ExitCode.PORT_UNAVAILABLE, line + "; try again later or ask its operator", refused);
            default -> new CommandFailure(ExitCode.FAILURE, line, refused);
        };
    }

    private CommandFailure lost(String server, Throwable cause) {
        String remedy =
                arguments.has(Flag.NO_RECONNECT) ? "; without " + Flag.NO_RECONNECT + " it would be tried again" : "";
        String line = "the tunnel to " + server + " is lost: " + cause.getMessage() + remedy;
        return new CommandFailure(ExitCode.TUNNEL_LOST, line, cause);
    }

    /** Says on standard output where visitors connect, each time the tunnel is up. */
    private final class Announcer implements TunnelListener {
        private final InetSocketAddress local;

        Announcer(InetSocketAddress local) {
            this.local = local;
        }

        @Override
        public void up(Tunnel tunnel) {
            InetSocketAddress address = tunnel.publicAddress();
            output.relaying(address.getHostString(), address.getPort(), local.getHostString(), local.getPort());
        }
    }
}
