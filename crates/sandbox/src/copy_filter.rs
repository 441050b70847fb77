//! The filter that a copy adds to its program's: some calls refused whatever they are asked, two by what they are asked. Written out by
//! hand, in a quarter of the instructions that a general compiler needs: the kernel translates it anew for each copy, which was a tenth
//! of what a small letter costs. Knows not which calls, and why.

use seccompiler::{BpfProgram, sock_filter};

/// struct seccomp_data: the call's number, and the half of its first argument that matters.
const NUMBER: u32 = 0;
const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "little") { 16 } else { 20 };

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const JUMP_IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

/// A call that is refused but where its first argument, which the kernel reads as 32 bits, is one of these.
pub(crate) struct Only<'a> {
    pub(crate) call: u32,
    pub(crate) arguments: &'a [u32],
}

/// Refuses these calls, and of the others lets everything pass. The architecture is asked by the program's filter. `None`: they are too
/// many for jumps of eight bits.
pub(crate) fn refusing(calls: &[u32], only: &[Only<'_>]) -> Option<BpfProgram> {
    let lines = 1 + calls.len() + only.len() + 1;
    let looks: usize = only.iter().map(Only::lines).sum();
    let (refuse, allow) = (lines + looks, lines + looks + 1);
    let mut program = Program(Vec::with_capacity(allow + 1));
    program.add(LOAD, NUMBER);
    for call in calls {
        program.jump(*call, refuse)?;
    }
    let mut look = lines;
    for one in only {
        program.jump(one.call, look)?;
        look += one.lines();
    }
    program.add(RETURN, libc::SECCOMP_RET_ALLOW);
    for one in only {
        program.add(LOAD, FIRST_ARGUMENT);
        for argument in one.arguments {
            program.jump(*argument, allow)?;
        }
        program.add(RETURN, REFUSED);
    }
    program.add(RETURN, REFUSED);
    program.add(RETURN, libc::SECCOMP_RET_ALLOW);
    Some(program.0)
}

impl Only<'_> {
    fn lines(&self) -> usize {
        1 + self.arguments.len() + 1
    }
}

const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;

struct Program(BpfProgram);

impl Program {
    fn add(&mut self, code: u32, k: u32) {
        self.0.push(sock_filter { code: code as u16, jt: 0, jf: 0, k });
    }

    /// Where it is equal, on to that line.
    fn jump(&mut self, equal: u32, to: usize) -> Option<()> {
        let jt = u8::try_from(to.checked_sub(self.0.len() + 1)?).ok()?;
        self.0.push(sock_filter { code: JUMP_IF_EQUAL as u16, jt, jf: 0, k: equal });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would answer.
    fn answer(program: &[sock_filter], call: u32, argument: u32) -> u32 {
        let (mut at, mut loaded) = (0, None);
        loop {
            let line = &program[at];
            at += 1;
            match u32::from(line.code) {
                LOAD => loaded = Some(if line.k == NUMBER { call } else { argument }),
                JUMP_IF_EQUAL => at += usize::from(if loaded == Some(line.k) { line.jt } else { line.jf }),
                RETURN => return line.k,
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn what_is_named_is_refused_and_the_rest_is_not() {
        let only = [Only { call: 157, arguments: &[15, 7] }, Only { call: 234, arguments: &[4711] }];
        let program = refusing(&[56, 57, 58], &only).unwrap();
        for (call, argument, allowed) in [
            (0, 0, true),
            (0, 56, true),
            (56, 0, false),
            (57, 15, false),
            (58, 4711, false),
            (59, 0, true),
            (157, 15, true),
            (157, 7, true),
            (157, 4711, false),
            (157, 0, false),
            (234, 4711, true),
            (234, 15, false),
            (1 << 30, 0, true),
        ] {
            let expected = if allowed { libc::SECCOMP_RET_ALLOW } else { REFUSED };
            assert_eq!(answer(&program, call, argument), expected, "{call}({argument})");
        }
        assert_eq!(answer(&refusing(&[], &[]).unwrap(), 56, 0), libc::SECCOMP_RET_ALLOW);
        assert!(refusing(&[56; 300], &[]).is_none());
    }
}
