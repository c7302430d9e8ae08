use crate::program::Refusal;
use crate::sha256::{HASH, Hash};

/// Bytes of stdin before the input: its length and the binding.
pub(crate) const HEAD: usize = 4 + HASH;

/// The input's length and the binding.
pub(crate) fn split_head(head: &[u8; HEAD]) -> Result<(usize, &Hash), Refusal> {
    let (length, rest) = split_u32(head).ok_or(Refusal::MALFORMED)?;
    Ok((length as usize, rest.first_chunk().ok_or(Refusal::MALFORMED)?))
}

/// The messages of a task, in their order.
#[derive(Clone, Copy)]
pub struct Messages<'a> {
    count: u32,
    /// `count` times (length ‖ message), and nothing more.
    bytes: &'a [u8],
}

impl<'a> Messages<'a> {
    /// Of a task's input: salt ‖ count ‖ count × (length ‖ message).
    pub fn of(input: &'a [u8]) -> Result<Self, Refusal> {
        let Some((_salt, rest)) = input.split_at_checked(HASH) else {
            return Err(Refusal::MALFORMED);
        };
        let (count, bytes) = split_u32(rest).ok_or(Refusal::MALFORMED)?;
        let mut left = bytes;
        for _ in 0..count {
            (_, left) = split_message(left).ok_or(Refusal::MALFORMED)?;
        }
        if !left.is_empty() {
            return Err(Refusal::MALFORMED);
        }
        Ok(Messages { count, bytes })
    }

    pub fn len(&self) -> usize {
        self.count as usize
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut left = self.bytes;
        core::iter::from_fn(move || {
            let (message, rest) = split_message(left)?;
            left = rest;
            Some(message)
        })
    }
}

fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*first), rest))
}

fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = split_u32(bytes)?;
    rest.split_at_checked(length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(count: u32, messages: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![7; HASH];
        bytes.extend(count.to_le_bytes());
        for message in messages {
            bytes.extend((message.len() as u32).to_le_bytes());
            bytes.extend(*message);
        }
        bytes
    }

    #[test]
    fn gives_messages_in_their_order() {
        let bytes = input(3, &[b"one", b"", b"three"]);
        let messages = Messages::of(&bytes).unwrap();
        assert_eq!(messages.len(), 3);
        assert_eq!(messages.iter().collect::<Vec<_>>(), [&b"one"[..], b"", b"three"]);
        let bytes = input(0, &[]);
        let none = Messages::of(&bytes).unwrap();
        assert!(none.is_empty() && none.iter().next().is_none());
    }

    #[test]
    fn refuses_other_sizes() {
        let good = input(2, &[b"a", b"bc"]);
        for length in 0..good.len() {
            assert_eq!(Messages::of(&good[..length]).err(), Some(Refusal::MALFORMED), "{length}");
        }
        for count in [0, 1, 3, u32::MAX] {
            assert_eq!(Messages::of(&input(count, &[b"a", b"bc"])).err(), Some(Refusal::MALFORMED));
        }
        let mut long = good.clone();
        long[HASH + 4..HASH + 8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Messages::of(&long).err(), Some(Refusal::MALFORMED));
    }
}
