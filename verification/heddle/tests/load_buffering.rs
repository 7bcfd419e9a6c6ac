//! Load buffering: heddle does not run it, and says where there could be some.

mod cyclic;
mod interpreter;

use cyclic::cyclic_outcomes;
use heddle::model::{Builder, Report, Verdict};
use heddle::sync::Arc;
use heddle::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use heddle::sync::atomic::{AtomicU64, AtomicUsize, fence};
use heddle::thread;
use heddle_judge::enumerate::judge;
use heddle_judge::program::{Instruction, Operand, Order, Program, RmwOp};
use heddle_judge::random::Sample;
use interpreter::{Spawning, observe};

/// A ring buffer's consumer gives its slot free once it has read it (FreeBSD's
/// `buf_ring`, D46152), and the producer writes the slot when it is free.
fn slot_given_free(give_free: Ordering) -> Report {
    Builder::new().explore(move || {
        let ring = Arc::new((AtomicU64::new(1), AtomicUsize::new(0)));
        let other = ring.clone();
        let producer = thread::spawn(move || {
            if other.1.load(Acquire) == 1 {
                other.0.store(2, Relaxed);
            }
        });
        let value = ring.0.load(Relaxed);
        ring.1.store(1, give_free);
        assert_eq!(value, 1, "overwritten before it was read");
        producer.join().unwrap();
    })
}

#[test]
fn a_slot_given_free_by_a_relaxed_store_is_proved_for_rc11_only() {
    let report = slot_given_free(Relaxed);
    assert_eq!((report.verdict(), report.executions), (Verdict::ProvedForRc11, 2));
    assert_eq!(report.verdict().to_string(), "proved for RC11");
    let found = report.load_buffering.expect("a sign");
    assert_eq!((found.reader, found.writer), (0, 1));
    assert_eq!(found.read.file(), file!());
    assert!(found.write.line() < found.read.line(), "the producer writes further up");
}

#[test]
fn a_slot_given_free_by_a_releasing_store_is_proved() {
    let report = slot_given_free(Release);
    assert_eq!((report.verdict(), report.executions), (Verdict::Proved, 2));
    assert_eq!(report.load_buffering, None);
}

/// Two threads that read one location, then write the other.
fn both_read_and_write(store: Ordering, fences: bool) -> impl Fn() + Send + Sync + Clone + 'static {
    let load = if store == Release { Acquire } else { Relaxed };
    move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.0.load(load);
            if fences {
                fence(AcqRel);
            }
            other.1.store(1, store);
        });
        shared.1.load(load);
        if fences {
            fence(AcqRel);
        }
        shared.0.store(1, store);
        thread.join().unwrap();
    }
}

#[test]
fn what_orders_the_read_before_the_write_takes_the_sign_away() {
    let verdict = |store, fences| Builder::new().explore(both_read_and_write(store, fences)).verdict();
    assert_eq!(verdict(Relaxed, false), Verdict::ProvedForRc11);
    assert_eq!(verdict(Relaxed, true), Verdict::Proved);
    assert_eq!(verdict(Release, false), Verdict::Proved);
}

#[test]
fn the_token_of_a_sign_replays_an_execution_with_both_lines() {
    let model = both_read_and_write(Relaxed, false);
    let found = Builder::new().explore(model.clone()).load_buffering.expect("a sign");
    let trace = Builder::new().replay(&found.token, model).expect("its own token").trace;
    for (site, thread) in [(found.read, found.reader), (found.write, found.writer)] {
        assert!(trace.iter().any(|event| event.site == site && event.thread == thread), "{site}: {trace:?}");
    }
}

#[test]
fn merged_shards_keep_the_sign_that_one_of_them_has() {
    let shard = |index| {
        let mut builder = Builder::new();
        builder.shard = Some((index, 2));
        builder.explore(both_read_and_write(Relaxed, false))
    };
    let merged = Report::merge((0..2).map(shard).collect()).expect("two shards");
    assert_eq!(merged.verdict(), Verdict::ProvedForRc11);
}

#[test]
fn several_workers_find_the_sign() {
    let mut builder = Builder::new();
    builder.workers = 2;
    assert_eq!(builder.explore(both_read_and_write(Relaxed, false)).verdict(), Verdict::ProvedForRc11);
}

#[test]
fn a_failure_or_a_bound_comes_before_the_sign() {
    let failed = Builder::new().explore(|| {
        both_read_and_write(Relaxed, false)();
        panic!("fails");
    });
    assert_eq!(failed.verdict(), Verdict::Failed);
    let mut builder = Builder::new();
    builder.preemption_bound = Some(0);
    assert_eq!(builder.explore(both_read_and_write(Relaxed, false)).verdict(), Verdict::Bounded);
}

/// Programs of reads, then writes, mostly relaxed: most of what could be
/// buffered is of this shape.
struct ReadsThenWrites(fastrand::Rng);

impl Iterator for ReadsThenWrites {
    type Item = Program;

    fn next(&mut self) -> Option<Program> {
        loop {
            let lengths: &[usize] = match self.0.u8(..5) {
                0 => &[5, 5],
                1 => &[4, 4],
                2 => &[3, 3, 3],
                3 => &[4, 3, 2],
                _ => &[4, 2, 3],
            };
            let locations = self.0.usize(2..=3);
            let bodies = lengths.iter().map(|length| self.body(locations, *length)).collect();
            if let Ok(program) = Program::new(locations, bodies)
                && candidates(&program) < 10_000
            {
                return Some(program);
            }
        }
    }
}

impl ReadsThenWrites {
    fn body(&mut self, locations: usize, length: usize) -> Vec<Instruction> {
        let mut body = Vec::new();
        let mut reg = 0;
        for at in 0..length {
            let last = at + 1 == length;
            if let Some(instruction) = self.instruction(locations, reg, at * 2 >= length, last) {
                let reads = !matches!(
                    instruction,
                    Instruction::Store { .. } | Instruction::Fence { .. } | Instruction::SkipIf { .. }
                );
                reg += usize::from(reads);
                body.push(instruction);
            }
        }
        body
    }

    fn instruction(&mut self, locations: usize, reg: usize, late: bool, last: bool) -> Option<Instruction> {
        let loc = self.0.usize(..locations);
        let value = if reg > 0 && self.0.u8(..6) == 0 {
            Operand::Register(self.0.usize(..reg))
        } else {
            Operand::Constant(self.0.u64(1..=2))
        };
        Some(match self.0.u8(..16) {
            kind @ 0..8 if (kind < 6) != late => Instruction::Load { loc, order: self.order(&Order::LOADS), reg },
            0..8 => Instruction::Store { loc, order: self.order(&Order::STORES), value },
            8..10 => {
                let op = if self.0.bool() { RmwOp::Add(value) } else { RmwOp::Swap(value) };
                Instruction::Rmw { loc, order: self.order(&Order::ALL), op, reg }
            }
            10..12 => Instruction::CompareExchange {
                loc,
                expected: Operand::Constant(self.0.u64(..3)),
                new: value,
                success: self.order(&Order::ALL),
                failure: self.order(&Order::LOADS),
                weak: self.0.u8(..4) == 0,
                reg,
            },
            12 => Instruction::Fence { order: Order::FENCES[self.0.usize(..Order::FENCES.len())] },
            _ if reg > 0 && !last => Instruction::SkipIf { reg: self.0.usize(..reg), value: self.0.u64(..2), count: 1 },
            _ => return None,
        })
    }

    fn order(&mut self, legal: &[Order]) -> Order {
        if self.0.u8(..10) < 7 { Order::Relaxed } else { legal[self.0.usize(..legal.len())] }
    }
}

/// How many choices of reads-from a program has, about: brute force tries each.
fn candidates(program: &Program) -> u64 {
    let mut product = 1_u64;
    for loc in 0..program.locations() {
        let (mut reads, mut writes) = (0, 0_u64);
        for instruction in program.threads().iter().flatten() {
            if instruction.access().is_none_or(|access| access.0 != loc) {
                continue;
            }
            let weak = matches!(instruction, Instruction::CompareExchange { weak: true, .. });
            if !matches!(instruction, Instruction::Store { .. }) {
                reads += 1 + u32::from(weak);
            }
            if !matches!(instruction, Instruction::Load { .. }) {
                writes += 1;
            }
        }
        product = product.saturating_mul((writes + 1).saturating_pow(reads));
    }
    product
}

/// Every program with an outcome that takes a cycle of program order ∪ reads-from
/// must have a sign. Gives how many programs have such an outcome.
fn compare(programs: impl Iterator<Item = Program>) -> u32 {
    let given = std::env::var("HEDDLE_PROGRAMS").ok().and_then(|text| text.parse().ok());
    let mut cyclic = 0;
    for program in programs.take(given.unwrap_or(1_500)) {
        let observed = observe(&program, Spawning::Flat, 1);
        if observed.report.failure.is_some() {
            continue;
        }
        let (buffered, ordered) = (cyclic_outcomes(&program), judge(&program).outcomes);
        let Some(outcome) = buffered.difference(&ordered).next() else {
            continue;
        };
        cyclic += 1;
        assert!(observed.report.load_buffering.is_some(), "no sign of {outcome} in {program}");
    }
    println!("{cyclic} programs buffer loads");
    cyclic
}

fn seed(default: u64) -> u64 {
    let given = std::env::var("HEDDLE_SEED").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_programs_that_buffer_loads_have_a_sign() {
    assert!(compare(Sample::new(seed(1))) > 0, "no program buffers loads");
}

#[test]
fn random_programs_of_reads_before_writes_that_buffer_loads_have_a_sign() {
    let cyclic = compare(ReadsThenWrites(fastrand::Rng::with_seed(seed(1))));
    assert!(cyclic > 50, "only {cyclic} programs buffer loads");
}
