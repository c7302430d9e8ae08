//! SHA-256 (FIPS 180-4) for few rows of risc0's circuit: it is small, as each kilobyte of code that
//! runs costs 600 rows, and it rotates by multiplication, which costs 1.7 rows where two shifts and
//! an `or` cost 2.8.

use core::mem::MaybeUninit;

/// Bytes of a hash.
pub(crate) const HASH: usize = 32;
const BLOCK: usize = 64;
/// Bytes of the length at the end of the padding.
const LENGTH: usize = 8;

pub type Hash = [u8; HASH];

#[rustfmt::skip]
const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

const INITIAL: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// SHA-256 of the parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut state = INITIAL;
    let mut block = [0; BLOCK];
    let mut filled = 0;
    let mut total = 0;
    for part in parts {
        total += part.len();
        let mut rest = *part;
        if filled > 0 {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - filled));
            block[filled..filled + now.len()].copy_from_slice(now);
            filled += now.len();
            rest = later;
            if filled < BLOCK {
                continue;
            }
            compress(&mut state, &block);
        }
        let (blocks, tail) = rest.as_chunks::<BLOCK>();
        for whole in blocks {
            compress(&mut state, whole);
        }
        block[..tail.len()].copy_from_slice(tail);
        filled = tail.len();
    }
    block[filled] = 0x80;
    block[filled + 1..].fill(0);
    if filled >= BLOCK - LENGTH {
        compress(&mut state, &block);
        block.fill(0);
    }
    block[BLOCK - LENGTH..].copy_from_slice(&(total as u64 * 8).to_be_bytes());
    compress(&mut state, &block);

    let mut hash = [0; HASH];
    for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

// One copy of it: see above.
#[inline(never)]
fn compress(state: &mut [u32; 8], block: &[u8; BLOCK]) {
    let mut w = [MaybeUninit::<u32>::uninit(); 64];
    for (word, bytes) in w.iter_mut().zip(block.as_chunks::<4>().0) {
        word.write(u32::from_be_bytes(*bytes));
    }
    for t in 16..64 {
        // SAFETY: all before t is written.
        let back = |by: usize| unsafe { w[t - by].assume_init() };
        let (x, y) = (back(15), back(2));
        let s0 = rotated::<7>(x) ^ rotated::<18>(x) ^ shifted::<3>(x);
        let s1 = rotated::<17>(y) ^ rotated::<19>(y) ^ shifted::<10>(y);
        let next = back(16).wrapping_add(s0).wrapping_add(back(7)).wrapping_add(s1);
        w[t].write(next);
    }
    // SAFETY: all is written. Zeros beforehand would cost a hundredth.
    let w = unsafe { &*(&raw const w).cast::<[u32; 64]>() };

    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    let mut both = b ^ c;
    // After eight rounds each variable has its own name again, so that none is moved.
    for (w, k) in w.as_chunks::<8>().0.iter().zip(K.as_chunks::<8>().0) {
        let added = |t: usize| w[t].wrapping_add(k[t]);
        round(a, b, &mut both, &mut d, [e, f, g], &mut h, added(0));
        round(h, a, &mut both, &mut c, [d, e, f], &mut g, added(1));
        round(g, h, &mut both, &mut b, [c, d, e], &mut f, added(2));
        round(f, g, &mut both, &mut a, [b, c, d], &mut e, added(3));
        round(e, f, &mut both, &mut h, [a, b, c], &mut d, added(4));
        round(d, e, &mut both, &mut g, [h, a, b], &mut c, added(5));
        round(c, d, &mut both, &mut f, [g, h, a], &mut b, added(6));
        round(b, c, &mut both, &mut e, [f, g, h], &mut a, added(7));
    }
    for (word, added) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(added);
    }
}

/// Changes `d` and `h`, the next `e` and `a`; `both` is `b ^ c`, and then that of the next round.
#[inline(always)]
fn round(
    a: u32,
    b: u32,
    both: &mut u32,
    d: &mut u32,
    [e, f, g]: [u32; 3],
    h: &mut u32,
    added: u32,
) {
    let s1 = rotated::<6>(e) ^ rotated::<11>(e) ^ rotated::<25>(e);
    let choice = g ^ (e & (f ^ g));
    let first = h.wrapping_add(s1).wrapping_add(choice).wrapping_add(added);
    let s0 = rotated::<2>(a) ^ rotated::<13>(a) ^ rotated::<22>(a);
    let next = a ^ b;
    let majority = (next & *both) ^ b;
    *both = next;
    *d = d.wrapping_add(first);
    *h = first.wrapping_add(s0).wrapping_add(majority);
}

/// Rotates to the right by N, 0 < N < 32.
#[cfg(target_os = "zkvm")]
#[inline(always)]
fn rotated<const N: u32>(x: u32) -> u32 {
    let (low, high): (u32, u32);
    // In assembler, as the compiler makes shifts of it.
    unsafe {
        core::arch::asm!(
            "mulhu {high}, {x}, {by}",
            "mul {low}, {x}, {by}",
            x = in(reg) x,
            by = in(reg) 1u32 << (32 - N),
            low = lateout(reg) low,
            high = out(reg) high,
            options(pure, nomem, nostack)
        );
    }
    low.wrapping_add(high)
}

/// Shifts to the right by N, 0 < N < 32.
#[cfg(target_os = "zkvm")]
#[inline(always)]
fn shifted<const N: u32>(x: u32) -> u32 {
    let high: u32;
    unsafe {
        core::arch::asm!(
            "mulhu {high}, {x}, {by}",
            x = in(reg) x,
            by = in(reg) 1u32 << (32 - N),
            high = lateout(reg) high,
            options(pure, nomem, nostack)
        );
    }
    high
}

#[cfg(not(target_os = "zkvm"))]
fn rotated<const N: u32>(x: u32) -> u32 {
    x.rotate_right(N)
}

#[cfg(not(target_os = "zkvm"))]
fn shifted<const N: u32>(x: u32) -> u32 {
    x >> N
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn gives_the_published_hashes() {
        let cases: [(&[u8], &str); 4] = [
            (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                &[b'a'; 1_000_000],
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(hex(&sha256(&[bytes])), expected);
        }
    }

    #[test]
    fn joins_parts() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..200 {
            let whole = sha256(&[&bytes[..length]]);
            for at in 0..=length {
                let (one, two) = bytes[..length].split_at(at);
                assert_eq!(sha256(&[one, &[], two]), whole, "{at} of {length}");
            }
        }
    }
}
