package org.relay4j.client.conformance;

import java.io.Closeable;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;

/** What the classes of this suite share: an endpoint for each test, and the thread the test runs on. */
@ParameterizedClass(name = "{0}")
@MethodSource("org.relay4j.client.conformance.Setting#all")
@ExtendWith({LeakCheck.class, Conformance.OnItsThread.class})
abstract class Conformance {
    /** A connection of which both ends are sockets. */
    record Pair(Socket visitor, Socket accepted) {}

    @Parameter
    Setting setting;

    private final Deque<Closeable> opened = new ArrayDeque<>(); // the newest first
    Endpoint endpoint;
    ServerSocket listener;

    @BeforeEach
    void openEndpoint() throws IOException {
        endpoint = setting.kind().open(50);
        opened.push(endpoint);
        listener = endpoint.listener();
    }

    @AfterEach
    void closeEverything() throws IOException {
        for (Closeable open : opened) open.close();
    }

    Socket visit() throws IOException {
        Socket visitor = endpoint.visit();
        opened.push(visitor);
        return visitor;
    }

    Socket accept() throws IOException {
        Socket accepted = listener.accept();
        opened.push(accepted);
        return accepted;
    }

    Pair connect() throws IOException {
        return new Pair(visit(), accept());
    }

    boolean differs(Difference difference) {
        return difference.allowedTo(setting.kind());
    }

    /** Begins something on another thread of the kind that is being tested. */
    <T> Call<T> call(Callable<T> body) {
        return Call.on(setting.threads(), body);
    }

    Call<Void> run(Call.Action body) {
        return call(() -> {
            body.run();
            return null;
        });
    }

    /** Runs each test on a thread of its setting. */
    static final class OnItsThread implements InvocationInterceptor {
        @Override
        public void interceptTestMethod(
                Invocation<Void> test, ReflectiveInvocationContext<Method> method, ExtensionContext context)
                throws Throwable {
            Setting setting = ((Conformance) context.getRequiredTestInstance()).setting;
            Throwable[] failure = new Throwable[1];
            Thread thread = setting.threads().newThread(() -> {
                try {
                    test.proceed();
                } catch (Throwable e) {
                    failure[0] = e;
                }
            });
            thread.start();
            thread.join();
            if (failure[0] != null) throw failure[0];
        }
    }
}
