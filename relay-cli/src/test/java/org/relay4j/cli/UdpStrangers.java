package org.relay4j.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends datagrams from many sockets, which is a flood with as many source addresses. When its standard input ends, it prints the
 * number of replies. It fails if a socket got more replies than it has sent datagrams, or a port that no socket has got one.
 */
final class UdpStrangers {
    private static final int ADDRESSES = 250; // that differ in the last number
    private static final int BURST = 8; // a millisecond, which a server can read even on a busy machine

    private UdpStrangers() {}

    /**
     * Sends the datagrams.
     *
     * @param words address and port of the server; the first two numbers of the source addresses; how many addresses, sockets of
     *     each, and datagrams of each
     */
    public static void main(String[] words) throws IOException {
        InetSocketAddress server = new InetSocketAddress(words[0], Integer.parseInt(words[1]));
        int addresses = Integer.parseInt(words[3]);
        int ports = Integer.parseInt(words[4]);
        int datagrams = Integer.parseInt(words[5]);
        List<DatagramChannel> sockets = new ArrayList<>();
        for (int n = 0; n < addresses * ports; n++) sockets.add(socket(words[2], n / ports));
        System.out.println("ready");
        int sent = 0;
        for (int round = 0; round < datagrams; round++) {
            for (DatagramChannel socket : sockets) {
                socket.send(ByteBuffer.wrap("flood".getBytes(US_ASCII)), server);
                if (++sent % BURST == 0) LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        }
        System.out.println("sent " + sent);
        while (System.in.read() >= 0) {
            // Nothing is written there.
        }
        int received = 0;
        for (DatagramChannel socket : sockets) received += received(socket, datagrams);
        System.out.println("received " + received);
        long elsewhere = datagramsForNoPort();
        if (elsewhere > 0) throw new IOException(elsewhere + " datagrams came to ports that have sent none");
    }

    private static DatagramChannel socket(String network, int number) throws IOException {
        DatagramChannel socket = DatagramChannel.open(StandardProtocolFamily.INET);
        socket.configureBlocking(false);
        String address = network + (1 + number / ADDRESSES) + "." + (1 + number % ADDRESSES);
        return socket.bind(new InetSocketAddress(address, 0));
    }

    private static int received(DatagramChannel socket, int most) throws IOException {
        ByteBuffer reply = ByteBuffer.allocate(100);
        int received = 0;
        while (socket.receive(reply.clear()) != null) received++;
        if (received > most) throw new IOException(received + " replies to " + most + " datagrams");
        return received;
    }

    /** Returns the count of this network namespace. */
    private static long datagramsForNoPort() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/net/snmp")).stream()
                .filter(line -> line.startsWith("Udp: "))
                .toList();
        int field = List.of(lines.get(0).split(" ", -1)).indexOf("NoPorts");
        return Long.parseLong(lines.get(1).split(" ", -1)[field]);
    }
}
