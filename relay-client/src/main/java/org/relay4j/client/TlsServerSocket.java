package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * A server socket that adds TLS to the connections of another server socket, for example a {@link RelayAcceptor}. TLS ends in
 * this program, so the relay server sees only ciphertext.
 *
 * <pre>{@code
 * ServerSocket server = TlsServerSocket.over(RelayClient.connect("relay.example.com", 7000), sslContext);
 * SSLSocket visitor = (SSLSocket) server.accept();
 * }</pre>
 *
 * <p>As with every {@link SSLServerSocket}, {@link #accept} does not wait for the handshake. The first read or write of the
 * accepted socket performs it, so a silent visitor does not delay others. Closing this server socket closes the other one.
 * Addresses, options and timeouts are those of the other server socket. Safe for use by several threads.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // the other server socket has a lock of its own
public final class TlsServerSocket extends SSLServerSocket {
    private final ServerSocket plain;
    private final SSLSocketFactory factory;
    private final ReentrantLock lock = new ReentrantLock();
    private final SSLSocket sample; // never connected: checks settings, and copies them; guarded by lock
    private volatile SSLParameters parameters; // never changed, only replaced; written with the lock held
    private volatile boolean clientMode;
    private volatile boolean sessionCreation = true;

    private TlsServerSocket(ServerSocket plain, SSLContext context) throws IOException {
        this.plain = plain;
        factory = context.getSocketFactory();
        sample = (SSLSocket) factory.createSocket();
        sample.setUseClientMode(false);
        parameters = sample.getSSLParameters();
    }

    /**
     * Returns a server socket that adds TLS to the connections that {@code plain} accepts.
     *
     * @param plain bound; the returned server socket owns it. It is closed if this method fails
     * @param context with the key and the certificate of this program
     * @throws IllegalStateException if the context was not initialised
     */
    public static TlsServerSocket over(ServerSocket plain, SSLContext context) throws IOException {
        Objects.requireNonNull(plain, "plain");
        boolean made = false;
        try {
            TlsServerSocket tls = new TlsServerSocket(plain, Objects.requireNonNull(context, "context"));
            made = true;
            return tls;
        } finally {
            if (!made) plain.close(); // no other code has a reference to it
        }
    }

    /**
     * Waits for the next visitor as the other server socket does. Returns an {@link SSLSocket} that has not started its handshake.
     */
    @Override
    public Socket accept() throws IOException {
        Socket accepted = plain.accept();
        boolean layered = false;
        try {
            SSLSocket tls = (SSLSocket) factory.createSocket(accepted, null, true); // closes accepted with itself
            tls.setUseClientMode(clientMode);
            tls.setSSLParameters(parameters);
            tls.setEnableSessionCreation(sessionCreation);
            layered = true;
            return tls;
        } finally {
            if (!layered) accepted.close();
        }
    }

    // ---- TLS

    @Override
    public String[] getEnabledCipherSuites() {
        return parameters.getCipherSuites();
    }

    @Override
    public void setEnabledCipherSuites(String[] suites) {
        change(tls -> tls.setEnabledCipherSuites(suites));
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return sample.getSupportedCipherSuites();
    }

    @Override
    public String[] getSupportedProtocols() {
        return sample.getSupportedProtocols();
    }

    @Override
    public String[] getEnabledProtocols() {
        return parameters.getProtocols();
    }

    @Override
    public void setEnabledProtocols(String[] protocols) {
        change(tls -> tls.setEnabledProtocols(protocols));
    }

    @Override
    public void setNeedClientAuth(boolean need) {
        change(tls -> tls.setNeedClientAuth(need));
    }

    @Override
    public boolean getNeedClientAuth() {
        return parameters.getNeedClientAuth();
    }

    @Override
    public void setWantClientAuth(boolean want) {
        change(tls -> tls.setWantClientAuth(want));
    }

    @Override
    public boolean getWantClientAuth() {
        return parameters.getWantClientAuth();
    }

    @Override
    public void setUseClientMode(boolean mode) {
        clientMode = mode;
    }

    @Override
    public boolean getUseClientMode() {
        return clientMode;
    }

    @Override
    public void setEnableSessionCreation(boolean enabled) {
        sessionCreation = enabled;
    }

    @Override
    public boolean getEnableSessionCreation() {
        return sessionCreation;
    }

    @Override
    public SSLParameters getSSLParameters() {
        return change(tls -> {}); // a copy
    }

    /** Validates and stores a setting with the sample socket; returns a copy of all settings. */
    private SSLParameters change(Consumer<SSLSocket> setting) {
        lock.lock();
        try {
            sample.setSSLParameters(parameters);
            setting.accept(sample);
            parameters = sample.getSSLParameters();
            return sample.getSSLParameters();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void setSSLParameters(SSLParameters newParameters) {
        change(tls -> tls.setSSLParameters(newParameters));
    }

    // ---- the other server socket

    @Override
    public void bind(@Nullable SocketAddress endpoint, int backlog) throws IOException {
        plain.bind(endpoint, backlog);
    }

    @Override
    public void bind(@Nullable SocketAddress endpoint) throws IOException {
        plain.bind(endpoint);
    }

    @Override
    public void close() throws IOException {
        plain.close();
    }

    @Override
    public boolean isClosed() {
        return plain.isClosed();
    }

    @Override
    public boolean isBound() {
        return plain.isBound();
    }

    @Override
    public InetAddress getInetAddress() {
        return plain.getInetAddress();
    }

    @Override
    public int getLocalPort() {
        return plain.getLocalPort();
    }

    @Override
    public SocketAddress getLocalSocketAddress() {
        return plain.getLocalSocketAddress();
    }

    @Override
    public void setSoTimeout(int millis) throws SocketException {
        plain.setSoTimeout(millis);
    }

    @Override
    public int getSoTimeout() throws IOException {
        return plain.getSoTimeout();
    }

    @Override
    public void setReuseAddress(boolean on) throws SocketException {
        plain.setReuseAddress(on);
    }

    @Override
    public boolean getReuseAddress() throws SocketException {
        return plain.getReuseAddress();
    }

    @Override
    public void setReceiveBufferSize(int bytes) throws SocketException {
        plain.setReceiveBufferSize(bytes);
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return plain.getReceiveBufferSize();
    }

    @Override
    public <T> ServerSocket setOption(SocketOption<T> name, T value) throws IOException {
        plain.setOption(name, value);
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return plain.getOption(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return plain.supportedOptions();
    }

    @Override
    public String toString() {
        return "TLS over " + plain;
    }
}
