// System calls of guests built with risc0 0.20 to 1.2, where they differ from v1compat's. This text
// becomes part of v1compat's module `zkvm`.

/// What the names of the platform crate's system calls begin with.
const NAME_PREFIX: &[u8] = b"risc0_zkvm_platform::syscall::nr::SYS_";
/// No name is longer, its NUL included.
const MAX_NAME_BYTES: u32 = 64;

/// Ends of the names of what both those guests and today's hosts know, the most used first.
const NAMED: [(&[u8], Syscall); 11] = [
    (b"READ\0", Syscall::Read),
    (b"WRITE\0", Syscall::Write),
    (b"LOG\0", Syscall::Log),
    (b"PANIC\0", Syscall::Panic),
    (b"RANDOM\0", Syscall::Random),
    (b"CYCLE_COUNT\0", Syscall::CycleCount),
    (b"GETENV\0", Syscall::Getenv),
    (b"ARGC\0", Syscall::Argc),
    (b"ARGV\0", Syscall::Argv),
    (b"PIPE\0", Syscall::Pipe),
    (b"VERIFY_INTEGRITY\0", Syscall::VerifyIntegrity),
];

/// The call that the NUL-terminated text at `name` names, as these guests pass no number. Any other
/// name goes to the host as it is, which refuses what it doesn't know.
fn syscall_named(name: u32) -> Syscall {
    let name = name as *const u8;
    assert_user_raw_slice(name, MAX_NAME_BYTES);
    // Stops at the first difference, so nothing behind the NUL is read.
    let begins = |at: *const u8, text: &[u8]| {
        text.iter().enumerate().all(|(index, byte)| unsafe { at.add(index).read() } == *byte)
    };
    if !begins(name, NAME_PREFIX) {
        return Syscall::User;
    }
    let end = unsafe { name.add(NAME_PREFIX.len()) };
    match NAMED.iter().find(|(text, _)| begins(end, text)) {
        Some((_, call)) => *call,
        None => Syscall::User,
    }
}

/// Reads the number of bytes in a4: `nwords` whole words to `buf`, and up to a word more, returned
/// in a1. Returns the number of bytes read in a0; what of the words lies behind the file's end is
/// zero.
fn sys_read_words(name: u32, buf: *mut u8, nwords: u32) {
    let asked = get_ureg(REG_A4);
    let Some(whole) = nwords.checked_mul(WORD_SIZE) else { illegal_instruction() };
    if asked < whole || asked - whole > WORD_SIZE {
        illegal_instruction()
    }
    assert_user_raw_slice(buf, whole);

    let mut at = 0;
    let mut total = 0;
    loop {
        // The circuit moves at most MAX_IO_BYTES at once.
        let chunk = min(whole - at, MAX_IO_BYTES);
        let last = at + chunk == whole;
        let wanted = if last { asked - at } else { chunk };
        set_ureg(REG_A4, wanted);
        host_ecall_read(name, buf.wrapping_add(at as usize), chunk);
        let (read, final_word) = read_a0_a1();
        if read > wanted {
            illegal_instruction()
        }
        at += chunk;
        total += read;
        if last || read < wanted {
            set_ureg(REG_A1, final_word);
            break;
        }
    }
    // SAFETY: within the range that was checked above.
    unsafe { core::ptr::write_bytes(buf.wrapping_add(at as usize), 0, (whole - at) as usize) };
    set_ureg(REG_A0, total);
    set_ureg(REG_A4, asked);
}
