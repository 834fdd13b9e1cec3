package org.relay4j.yamux.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/** A process that keeps all connections of a port open until a line of input releases them. */
final class ListenerProgram implements Listener.Owner {
    private final List<SocketChannel> held = new ArrayList<>(); // loop thread only

    private ListenerProgram() {}

    public static void main(String[] arguments) throws IOException {
        ListenerProgram program = new ListenerProgram();
        Loop loop = new Loop("relay-listener-program", true);
        Listener listener = Listener.open(loop, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), program);
        loop.execute(() -> program.start(loop, listener));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (input.readLine() != null) loop.execute(program::release);
    }

    private void start(Loop loop, Listener listener) {
        // Classes are files too: what a process without files will need is used once before.
        loop.schedule(0, () -> LoggerFactory.getLogger(Listener.class).warn("a warning, to begin with"));
        try {
            Sockets.close(SocketChannel.open());
            listener.start();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        System.out.println("listening on " + listener.address().getPort());
    }

    private void release() {
        for (SocketChannel channel : held) Sockets.close(channel);
        System.out.println("released " + held.size());
        held.clear();
    }

    @Override
    public boolean canAccept() {
        return true;
    }

    @Override
    public void accepted(SocketChannel channel) {
        held.add(channel);
    }
}
