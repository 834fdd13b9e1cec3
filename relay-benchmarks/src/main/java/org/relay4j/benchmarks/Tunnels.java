package org.relay4j.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayForwarder;

/**
 * A program with many tunnels to one relay server of this machine, which all lead to one service. It prints one line with the public
 * ports, and runs until it is stopped. Uses the library only, so that the comparison runs it with any relay.jar.
 */
public final class Tunnels {
    private Tunnels() {}

    public static void main(String[] words) throws IOException, InterruptedException {
        int server = Integer.parseInt(words[0]);
        InetSocketAddress service = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(words[1]));
        int count = Integer.parseInt(words[2]);
        List<RelayForwarder> tunnels = new ArrayList<>(count);
        for (int n = 0; n < count; n++) tunnels.add(RelayClient.forward("127.0.0.1", server, service));
        System.out.println(tunnels.stream()
                .map(tunnel -> String.valueOf(tunnel.publicAddress().getPort()))
                .collect(Collectors.joining(",", "relaying ", "")));
        new CountDownLatch(1).await();
    }
}
