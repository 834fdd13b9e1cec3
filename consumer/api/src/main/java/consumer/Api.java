package consumer;

import org.relay4j.api.RelayException;
import org.relay4j.api.Tunnel;

/** A library that is handed a tunnel, and needs relay-api only. */
public final class Api {
    private Api() {}

    static String where(Tunnel tunnel) {
        return tunnel.publicAddress().toString();
    }

    public static void main(String[] args) {
        Exception failure = new RelayException("hello", null);
        System.out.println("api: " + failure.getMessage());
    }
}
