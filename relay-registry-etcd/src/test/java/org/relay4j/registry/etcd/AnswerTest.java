package org.relay4j.registry.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.relay4j.registry.etcd.Answer.Verdict;

class AnswerTest {
    private static Verdict verdict(int status, String body) {
        return Answer.of(status, body).verdict();
    }

    private static String error(int code, String message) {
        return "{\"error\":\"" + message + "\",\"message\":\"" + message + "\",\"code\":" + code + "}";
    }

    @Test
    void onlyWhatCertainlyHadNoEffectIsRefusedOrRepeated() {
        assertEquals(Verdict.DONE, verdict(200, "{}"));
        assertEquals(Verdict.UNKNOWN, verdict(200, "{\"header\":"));
        assertEquals(Verdict.REFUSED, verdict(404, error(5, "etcdserver: requested lease not found")));
        assertEquals(
                Verdict.REFUSED, verdict(400, error(11, "etcdserver: mvcc: required revision has been compacted")));
        assertEquals(Verdict.REFUSED, verdict(429, error(8, "etcdserver: mvcc: database space exceeded")));
        assertEquals(Verdict.BUSY, verdict(429, error(8, "etcdserver: too many requests")));
        assertEquals(Verdict.LOGIN, verdict(401, error(16, "etcdserver: invalid auth token")));
        assertEquals(Verdict.LOGIN, verdict(400, error(3, "etcdserver: revision of auth store is old")));
        assertEquals(Verdict.UNKNOWN, verdict(503, error(14, "etcdserver: request timed out")));
        assertEquals(Verdict.UNKNOWN, verdict(503, error(14, "etcdserver: leader changed")));
        assertEquals(Verdict.UNKNOWN, verdict(500, error(2, "etcdserver: something new")));
        assertEquals(Verdict.UNKNOWN, verdict(502, "Bad Gateway"));
        assertEquals(Verdict.REFUSED, verdict(404, "404 page not found"));
    }

    @Test
    void anErrorWithinAnAnswerOfSeveralPartsIsSeen() {
        String body =
                "{\"error\":{\"grpc_code\":5,\"http_code\":404,\"message\":\"no such lease\",\"http_status\":\"Not Found\"}}";
        assertEquals(Verdict.REFUSED, verdict(200, body));
        assertTrue(Answer.of(200, body).failure("e").isLeaseNotFound());
        assertEquals("no such lease", Answer.of(200, body).message());
        assertEquals(Verdict.UNKNOWN, verdict(200, "{\"error\":{\"code\":14,\"message\":\"no leader\"}}"));
    }

    @Test
    void fieldsOfTheWrongTypeAreNoAnswer() {
        assertEquals(Verdict.UNKNOWN, verdict(200, "{\"error\":[1]}"));
        assertEquals(Verdict.REFUSED, verdict(400, "{\"message\":{},\"code\":[]}"));
    }

    @Test
    void aForeignBodyIsShownShortAndWithoutControlCharacters() {
        String message =
                Answer.of(502, "<html>\r\n\u001b[31m" + "x".repeat(1_000)).message();
        assertTrue(message.length() < 300, message);
        assertFalse(message.chars().anyMatch(Character::isISOControl), message);
    }

    @Test
    void aMissingGatewayIsToldFromAMissingLease() {
        assertTrue(
                Answer.of(404, "404 page not found").failure("e").getMessage().contains("--enable-grpc-gateway"));
        assertFalse(Answer.of(404, "404 page not found").failure("e").isLeaseNotFound());
    }
}
