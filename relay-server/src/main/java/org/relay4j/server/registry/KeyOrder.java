package org.relay4j.server.registry;

/** The order of keys: by code point, as the bytes of UTF-8 have it. {@link String#compareTo} has another one beyond U+FFFF. */
final class KeyOrder {
    private KeyOrder() {}

    static int compare(String one, String other) {
        int length = Math.min(one.length(), other.length());
        for (int i = 0; i < length; i++) {
            char a = one.charAt(i);
            char b = other.charAt(i);
            if (a != b) {
                boolean sameKind = Character.isSurrogate(a) == Character.isSurrogate(b);
                return sameKind ? Character.compare(a, b) : Character.isSurrogate(a) ? 1 : -1;
            }
        }
        return Integer.compare(one.length(), other.length());
    }
}
