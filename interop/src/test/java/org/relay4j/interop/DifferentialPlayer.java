package org.relay4j.interop;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.relay4j.interop.DifferentialScript.End;
import org.relay4j.interop.DifferentialScript.Line;
import org.relay4j.interop.DifferentialScript.Part;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamResetException;

/** One side of one stream of a script, played with our session: what the program {@code differential} does in Go. */
final class DifferentialPlayer {
    private final Line line;
    private final char side;
    private final Part mine;
    private final int expected; // bytes that the other side sends
    private final Stream stream;
    private final CountDownLatch settled = new CountDownLatch(1); // nothing more happens before the session ends
    private final MessageDigest digest = sha256();
    private String wrote = "ok"; // set by the writer
    private int got; // bytes
    private String ended = "-";

    private DifferentialPlayer(char side, Line line, Stream stream) {
        this.side = side;
        this.line = line;
        this.stream = stream;
        mine = side == 'a' ? line.a() : line.b();
        expected = (side == 'a' ? line.b() : line.a()).total();
        stream.setReadTimeout(Duration.ofSeconds(60));
        stream.setWriteTimeout(Duration.ofSeconds(60));
    }

    /** Opens all streams, waits until both sides have seen what there is to see, and ends the session. */
    static List<String> playA(Session session, DifferentialScript script) throws Exception {
        List<DifferentialPlayer> players = new ArrayList<>();
        List<Call<Void>> calls = new ArrayList<>();
        for (Line line : script.lines()) {
            DifferentialPlayer player = new DifferentialPlayer('a', line, open(session, line.number()));
            players.add(player);
            calls.add(Call.run(player::play));
        }
        for (DifferentialPlayer player : players) player.awaitSettled();
        if (open(session, DifferentialScript.DONE).getInputStream().read() != 'd')
            throw new AssertionError("b has gone");
        session.close();
        calls.forEach(Call::result);
        return players.stream().map(DifferentialPlayer::outcome).toList();
    }

    private static Stream open(Session session, int number) throws IOException {
        Stream stream = session.open();
        stream.getOutputStream().write(ByteBuffer.allocate(4).putInt(number).array());
        return stream;
    }

    static List<String> playB(Session session, DifferentialScript script) throws Exception {
        List<DifferentialPlayer> players = new ArrayList<>();
        List<Call<Void>> calls = new ArrayList<>();
        Stream done = null;
        while (done == null || players.size() < script.lines().size()) {
            Stream stream = session.accept(Await.DEADLINE);
            int number = new DataInputStream(stream.getInputStream()).readInt();
            if (number == DifferentialScript.DONE) {
                done = stream;
                continue;
            }
            DifferentialPlayer player =
                    new DifferentialPlayer('b', script.lines().get(number), stream);
            players.add(player);
            calls.add(Call.run(player::play));
        }
        for (DifferentialPlayer player : players) player.awaitSettled();
        done.getOutputStream().write('d');
        calls.forEach(Call::result);
        return players.stream().map(DifferentialPlayer::outcome).toList();
    }

    private void awaitSettled() {
        Await.until(
                () -> "the end of " + side + " " + line + ", of which " + got + " bytes were read",
                () -> settled.await(1, java.util.concurrent.TimeUnit.MILLISECONDS));
    }

    private void play() throws Exception {
        try {
            Call<Void> writing = mine.afterEnd() ? null : Call.run(this::write);
            read(writing);
            if (writing == null) write();
            else writing.result();
            if (mine.end() == End.RESET) stream.reset();
            else if (mine.end() == End.FIN) stream.close();
        } finally {
            settled.countDown();
        }
    }

    private void write() {
        byte[] chunk = new byte[mine.chunk()];
        Xorshift source = new Xorshift(side == 'a' ? line.seed() : line.seed() + 1);
        try {
            for (int n = 0; n < mine.count(); n++) {
                source.next(chunk, chunk.length);
                stream.getOutputStream().write(chunk);
            }
            if (mine.end() == End.FIN) stream.shutdownOutput();
        } catch (IOException e) {
            wrote = endOf(e);
        }
    }

    private void read(Call<Void> writing) throws InterruptedException {
        InputStream in = stream.getInputStream();
        byte[] buffer = new byte[16 * 1024];
        while (mine.limit() == 0 || got < mine.limit()) {
            if (mine.end() == End.OPEN && got == expected) {
                writing.result();
                settled.countDown();
            }
            int length = mine.limit() == 0 ? buffer.length : Math.min(buffer.length, mine.limit() - got);
            try {
                length = in.read(buffer, 0, length);
            } catch (IOException e) {
                ended = endOf(e);
                return;
            }
            if (length < 0) {
                ended = "eof";
                return;
            }
            got += length;
            digest.update(buffer, 0, length);
            // No wait for a state: this reader is slow because its script says so.
            if (mine.pause() > 0) Thread.sleep(mine.pause());
        }
    }

    private String outcome() {
        byte[] sum = Arrays.copyOf(digest.digest(), 8);
        return side + " " + line.number() + " " + wrote + " " + got + " "
                + HexFormat.of().formatHex(sum) + " " + ended;
    }

    private static String endOf(IOException error) {
        if (error instanceof StreamResetException) return "reset";
        if (error instanceof org.relay4j.yamux.SessionException) return "session";
        return "error:" + error;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
