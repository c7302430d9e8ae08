//! A packer: a task a device, of as many messages as there are, and the program reads each reading
//! once, however often the device sent it. `src/pack/program/abi.ts` has the layout.

/// The program reads at most so many.
const MOST: usize = 16;

#[unsafe(no_mangle)]
pub extern "C" fn ws_alloc(length: u32) -> *mut u8 {
    Box::leak(vec![0; length as usize].into_boxed_slice()).as_mut_ptr()
}

/// # Safety
/// The pointer is one of `ws_alloc` with this length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ws_pack(at: *const u8, length: u32) -> u64 {
    // SAFETY: as the caller promises.
    let input = unsafe { std::slice::from_raw_parts(at, length as usize) };
    let answer = Box::leak(pack(input).into_boxed_slice());
    (answer.as_ptr() as u64) << 32 | answer.len() as u64
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn word(&mut self) -> usize {
        let bytes = self.take(4).try_into().expect("4 bytes");
        u32::from_le_bytes(bytes) as usize
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = self.word();
        self.take(length)
    }
}

struct Group<'a> {
    device: &'a [u8],
    messages: Vec<u32>,
    readings: Vec<&'a [u8]>,
}

fn pack(input: &[u8]) -> Vec<u8> {
    let mut reader = Reader(input);
    assert_eq!(reader.word(), 1, "a layout that was not there yet");
    let count = reader.word();
    reader.take(8);
    let mut groups: Vec<Group> = Vec::new();
    for number in 0..count as u32 {
        reader.take(8);
        let (device, data) = (reader.bytes(), reader.bytes());
        // The newest of the device, unless it is full.
        let open = groups.iter_mut().rev().find(|group| group.device == device);
        let group = match open {
            Some(group) if group.readings.contains(&data) || group.readings.len() < MOST => group,
            _ => {
                groups.push(Group { device, messages: Vec::new(), readings: Vec::new() });
                groups.last_mut().expect("there is one")
            }
        };
        group.messages.push(number);
        if !group.readings.contains(&data) {
            group.readings.push(data);
        }
    }
    answer(&groups)
}

fn answer(groups: &[Group]) -> Vec<u8> {
    let mut answer = Vec::new();
    let word = |answer: &mut Vec<u8>, n: usize| answer.extend((n as u32).to_le_bytes());
    word(&mut answer, groups.len());
    for Group { messages, readings, .. } in groups {
        word(&mut answer, messages.len());
        messages.iter().for_each(|&message| word(&mut answer, message as usize));
        word(&mut answer, readings.len());
        for reading in readings {
            word(&mut answer, reading.len());
            answer.extend_from_slice(reading);
        }
    }
    answer
}
