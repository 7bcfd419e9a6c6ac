//! With all accesses `SeqCst`, heddle shows the outcomes that shuttle's
//! exhaustive scheduler shows: those of sequential consistency.

mod seen;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// One step of a thread on two locations.
#[derive(Clone, Copy, Debug)]
enum Step {
    Load(usize),
    Store(usize, usize),
    Add(usize, usize),
    Exchange(usize, usize, usize),
}

type Program = Vec<Vec<Step>>;
type Outcome = (Vec<Vec<usize>>, [usize; 2]);

/// The same interpreter for either crate's types.
macro_rules! interpret {
    ($engine:ident, $program:expr) => {{
        use $engine::sync::atomic::{AtomicUsize, Ordering::SeqCst};
        let memory = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let threads: Vec<_> = $program
            .iter()
            .cloned()
            .map(|body| {
                let memory = memory.clone();
                $engine::thread::spawn(move || {
                    let run = |step| match step {
                        Step::Load(at) => memory[at].load(SeqCst),
                        Step::Store(at, value) => {
                            memory[at].store(value, SeqCst);
                            0
                        }
                        Step::Add(at, value) => memory[at].fetch_add(value, SeqCst),
                        Step::Exchange(at, old, new) => {
                            memory[at].compare_exchange(old, new, SeqCst, SeqCst).unwrap_or_else(|value| value)
                        }
                    };
                    body.into_iter().map(run).collect::<Vec<_>>()
                })
            })
            .collect();
        let threads = threads.into_iter();
        let registers: Vec<_> = threads.map(|thread| thread.join().unwrap()).collect();
        (registers, [memory[0].load(SeqCst), memory[1].load(SeqCst)])
    }};
}

fn program(rng: &mut fastrand::Rng) -> Program {
    let lengths: &[usize] = if rng.bool() { &[4, 4] } else { &[2, 2, 2] };
    let step = |rng: &mut fastrand::Rng| {
        let (at, value) = (rng.usize(..2), rng.usize(1..3));
        match rng.u8(..5) {
            0 | 1 => Step::Load(at),
            2 => Step::Store(at, value),
            3 => Step::Add(at, value),
            _ => Step::Exchange(at, rng.usize(..3), value),
        }
    };
    let lengths = lengths.iter();
    lengths.map(|length| (0..*length).map(|_| step(rng)).collect()).collect()
}

fn shuttle_outcomes(program: &Program) -> BTreeSet<Outcome> {
    let outcomes: Arc<Mutex<BTreeSet<Outcome>>> = Arc::default();
    let (recorder, program) = (outcomes.clone(), program.clone());
    shuttle::check_dfs(
        move || {
            let outcome = interpret!(shuttle, program);
            recorder.lock().unwrap().insert(outcome);
        },
        None,
    );
    outcomes.lock().unwrap().clone()
}

#[test]
fn seqcst_programs_have_the_outcomes_of_sequential_consistency() {
    let mut rng = fastrand::Rng::with_seed(5);
    for index in 0..30 {
        let program = program(&mut rng);
        let expected = shuttle_outcomes(&program);
        let run = program.clone();
        let (outcomes, _) = seen::seen(move || interpret!(heddle, run));
        assert_eq!(outcomes, expected, "program {index}: {program:?}");
    }
}
