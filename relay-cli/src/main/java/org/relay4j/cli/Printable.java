package org.relay4j.cli;

import java.util.HexFormat;

/** Text from elsewhere for a log or a terminal: it stays on its line, and controls nothing. */
final class Printable {
    private Printable() {}

    /** Returns the text with control and format characters written as {@code \}{@code u000a}. */
    static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isPlain(text.charAt(i))) return escaped(text);
        }
        return text;
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 20);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isPlain(c)) escaped.append(c);
            else escaped.append("\\u").append(HexFormat.of().toHexDigits(c));
        }
        return escaped.toString();
    }

    private static boolean isPlain(char c) {
        if (c >= ' ' && c <= '~') return true;
        int type = Character.getType(c);
        return type != Character.CONTROL
                && type != Character.FORMAT // right-to-left overrides, for example
                && type != Character.LINE_SEPARATOR
                && type != Character.PARAGRAPH_SEPARATOR;
    }
}
