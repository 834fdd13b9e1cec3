package org.relay4j.server.names;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The Huffman code of HPACK: appendix B of RFC 7541. */
final class HuffmanCode {
    /*
     * The code is canonical: of two codes with the same length, the one of the smaller byte is smaller, and shorter codes come
     * first. So the lengths determine it. A text is decoded bit by bit: a prefix of a given length is a code if it is smaller
     * than the first longer code.
     */

    private static final int SHORTEST = 5; // bits
    private static final int LONGEST = 30; // bits
    private static final int END = 256; // the symbol that never occurs; its first bits fill the last byte

    /** The length of the code of each byte, and of END: A is 5 bits, B is 6. */
    private static final String LENGTHS = "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF"
            + "IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIX"
            + "PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRSR"
            + "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ";

    private static final int[] FIRST = new int[LONGEST + 2]; // the first code of each length
    private static final int[] OFFSET = new int[LONGEST + 2]; // of its symbol in SYMBOLS
    private static final short[] SYMBOLS = new short[END + 1]; // in the order of their codes

    static {
        int code = 0;
        int symbols = 0;
        for (int length = SHORTEST; length <= LONGEST; length++) {
            code <<= 1;
            FIRST[length] = code;
            OFFSET[length] = symbols;
            for (int symbol = 0; symbol <= END; symbol++) {
                if (LENGTHS.charAt(symbol) - 'A' + SHORTEST != length) continue;
                SYMBOLS[symbols++] = (short) symbol;
                code++;
            }
        }
        OFFSET[LONGEST + 1] = symbols;
    }

    private HuffmanCode() {}

    /** Returns the decoded text, one character for each byte; null if the code is malformed. */
    static @Nullable String decode(byte[] bytes, int from, int to) {
        byte[] text = new byte[(to - from) * 8 / SHORTEST];
        int size = 0;
        int code = 0;
        int length = 0;
        for (int bit = from * 8; bit < to * 8; bit++) {
            code = (code << 1) | ((bytes[bit >> 3] >> (7 - (bit & 7))) & 1);
            length++;
            if (length < SHORTEST) continue;
            int symbols = OFFSET[length + 1] - OFFSET[length];
            int position = code - FIRST[length];
            if (position < symbols) {
                int symbol = SYMBOLS[OFFSET[length] + position];
                if (symbol == END) return null;
                text[size++] = (byte) symbol;
                code = 0;
                length = 0;
            }
        }
        boolean filled = length < 8 && code == (1 << length) - 1;
        return filled ? new String(text, 0, size, StandardCharsets.ISO_8859_1) : null;
    }
}
