//! The deterministic byte generator of the interoperability programs: xorshift64*, see `interop/go/README.md`.

const MULTIPLIER: u64 = 0x2545_F491_4F6C_DD1D;
const ZERO_SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// An endless source of the generator's bytes.
pub struct Xorshift {
    state: u64,
    rest: [u8; 8],
    left: usize, // bytes of rest not handed out yet, at its end
}

impl Xorshift {
    /// The source that begins with the given seed.
    pub fn new(seed: u64) -> Self {
        let state = if seed == 0 { ZERO_SEED } else { seed };
        Self {
            state,
            rest: [0; 8],
            left: 0,
        }
    }

    /// The next word; bytes of an earlier one that are still left come after it.
    pub fn word(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(MULTIPLIER)
    }

    /// A number from 0 to `max`.
    pub fn up_to(&mut self, max: usize) -> usize {
        (self.word() % (max as u64 + 1)) as usize
    }

    /// Fills `bytes` with the next ones.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        let took = self.left.min(bytes.len());
        let (first, more) = bytes.split_at_mut(took);
        first.copy_from_slice(&self.rest[8 - self.left..][..took]);
        self.left -= took;
        for part in more.chunks_mut(8) {
            self.rest = self.word().to_le_bytes();
            part.copy_from_slice(&self.rest[..part.len()]);
            self.left = 8 - part.len();
        }
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.fill(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Xorshift;

    #[test]
    fn vectors() {
        for (seed, want) in [
            (1, "1ddd6c894bcee4471d6579e0a8a6cfab571f73eb"),
            (0, "7a48219ae2b3830d679dfef1794cc454780e7a00"),
            (
                0x0123_4567_89ab_cdef,
                "8c70b62c4782947cde281fbf925670d5c005e0a5",
            ),
        ] {
            let bytes = Xorshift::new(seed).bytes(20);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, want, "seed {seed:#x}");
        }
    }

    #[test]
    fn parts_of_any_size_give_the_same_bytes() {
        let want = Xorshift::new(7).bytes(10_000);
        let mut source = Xorshift::new(7);
        let mut got = Vec::new();
        for size in (0..29).cycle() {
            got.extend(source.bytes(size.min(want.len() - got.len())));
            if got.len() == want.len() {
                break;
            }
        }
        assert_eq!(got, want);
    }
}
