package org.relay4j.interop;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** Hands the outcome of each test of {@link InteropIT.Opens} to the matrix, which knows whether it is the right one. */
final class InteropRecorder implements InvocationInterceptor {
    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> context, ExtensionContext extension)
            throws Throwable {
        InteropIT.Opens test = (InteropIT.Opens) context.getTarget().orElseThrow();
        String scenario = context.getExecutable().getName();
        boolean known = Deviation.of(test.peer, scenario).isPresent();
        if (known) test.expectFailure();
        Throwable failure = null;
        try {
            invocation.proceed();
        } catch (Throwable thrown) {
            if (!known) throw thrown;
            failure = thrown;
        }
        InteropMatrix.record(test.peer, test.ours, scenario, failure == null ? null : withCauses(failure));
    }

    private static String withCauses(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause == null ? failure.toString() : failure + "; " + withCauses(cause);
    }
}
