//! Plan stores with all accesses `SeqCst`: how many executions heddle finds, and
//! that the judge counts as many graphs for the same program, written a second
//! time in its own language.
//!
//! An Enactor checks once that its generation is newer than what the first
//! endpoint serves, and then goes from endpoint to endpoint. The unguarded store
//! overwrites; the guarded one loads, and exchanges as long as what it replaces
//! is older. A clean-up marks every older plan deleted. A reading loads every
//! endpoint.

use std::sync::Arc;

use heddle::model::{Builder, Completion};
use heddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use heddle::thread;
use heddle_judge::enumerate::judge;
use heddle_judge::program::{Instruction, Operand, Order, Program};

#[derive(Clone, Copy, Debug)]
struct Scenario {
    guarded: bool,
    enactors: usize,
    endpoints: usize,
    readings: usize,
    clean_up: bool,
}

fn apply(endpoint: &AtomicUsize, generation: usize) {
    let mut served = endpoint.load(SeqCst);
    while served < generation {
        match endpoint.compare_exchange(served, generation, SeqCst, SeqCst) {
            Ok(_) => break,
            Err(newer) => served = newer,
        }
    }
}

fn enact(zone: &[AtomicUsize], deleted: &[AtomicUsize], generation: usize, guarded: bool) {
    if zone[0].load(SeqCst) >= generation {
        return;
    }
    for endpoint in zone {
        if guarded {
            apply(endpoint, generation);
        } else {
            endpoint.store(generation, SeqCst);
        }
    }
    for plan in deleted.iter().take(generation - 1) {
        plan.store(1, SeqCst);
    }
}

impl Scenario {
    /// What heddle finds.
    fn executions(self, workers: usize) -> u64 {
        let mut builder = Builder::new();
        builder.workers = workers;
        let report = builder.explore(move || {
            let atomics = |count| (0..count).map(|_| AtomicUsize::new(0)).collect::<Arc<[AtomicUsize]>>();
            let zone = atomics(self.endpoints);
            let deleted = atomics(if self.clean_up { self.enactors } else { 0 });
            let mut threads: Vec<_> = (1..=self.enactors)
                .map(|generation| {
                    let (zone, deleted) = (zone.clone(), deleted.clone());
                    thread::spawn(move || enact(&zone, &deleted, generation, self.guarded))
                })
                .collect();
            if self.readings > 0 {
                let zone = zone.clone();
                threads.push(thread::spawn(move || {
                    for _ in 0..self.readings {
                        zone.iter().for_each(|endpoint| _ = endpoint.load(SeqCst));
                    }
                }));
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            if self.guarded {
                assert!(zone.iter().all(|endpoint| endpoint.load(SeqCst) == self.enactors));
            }
        });
        assert_eq!(report.failure, None);
        assert_eq!(report.completion, Completion::Exhausted);
        report.executions
    }

    /// What the judge counts.
    fn graphs(self) -> u64 {
        let mut threads: Vec<_> = (1..=self.enactors).map(|generation| self.enactor(generation)).collect();
        if self.readings > 0 {
            let loads = (0..self.readings * self.endpoints).map(|reg| load(reg % self.endpoints, reg));
            threads.push(loads.collect());
        }
        let plans = if self.clean_up { self.enactors } else { 0 };
        judge(&Program::new(self.endpoints + plans, threads).expect("it keeps the rules")).graphs
    }

    /// The judge has no loops. What an endpoint serves only grows, so a retry is
    /// one block for each older generation, in order.
    fn enactor(self, generation: usize) -> Vec<Instruction> {
        let mut body = Vec::new();
        for endpoint in 0..self.endpoints {
            if self.guarded {
                body.push(load(endpoint, endpoint + 1));
                for older in 0..generation {
                    let others = (0..=self.enactors).filter(|served| *served != older);
                    let exchange = exchange(endpoint, older, generation);
                    body.extend(guarded_by(endpoint + 1, others, vec![exchange]));
                }
            } else {
                body.push(store(endpoint, generation));
            }
        }
        if self.clean_up {
            body.extend((0..generation - 1).map(|plan| store(self.endpoints + plan, 1)));
        }
        let mut all = vec![load(0, 0)];
        all.extend(guarded_by(0, generation..=self.enactors, body));
        all
    }
}

fn load(loc: usize, reg: usize) -> Instruction {
    Instruction::Load { loc, order: Order::SeqCst, reg }
}

fn store(loc: usize, value: usize) -> Instruction {
    Instruction::Store { loc, order: Order::SeqCst, value: Operand::Constant(value as u64) }
}

fn exchange(endpoint: usize, older: usize, generation: usize) -> Instruction {
    Instruction::CompareExchange {
        loc: endpoint,
        expected: Operand::Constant(older as u64),
        new: Operand::Constant(generation as u64),
        success: Order::SeqCst,
        failure: Order::SeqCst,
        weak: false,
        reg: endpoint + 1,
    }
}

/// A body that is skipped if the register holds one of these.
fn guarded_by(reg: usize, values: impl IntoIterator<Item = usize>, body: Vec<Instruction>) -> Vec<Instruction> {
    let values: Vec<_> = values.into_iter().collect();
    let skips = values.iter().enumerate().map(|(index, value)| {
        let count = values.len() - 1 - index + body.len();
        Instruction::SkipIf { reg, value: *value as u64, count }
    });
    skips.chain(body.iter().copied()).collect()
}

const fn scenario(guarded: bool, enactors: usize, endpoints: usize, readings: usize) -> Scenario {
    Scenario { guarded, enactors, endpoints, readings, clean_up: false }
}

/// The scenarios and their graphs.
const COUNTS: [(Scenario, u64); 8] = [
    (scenario(false, 3, 1, 0), 28),
    // As many as the notes on loom have for "unguarded, 3 Enactors, 1 endpoint".
    (Scenario { clean_up: true, ..scenario(false, 3, 1, 0) }, 52),
    (scenario(true, 2, 1, 0), 6),
    (scenario(true, 2, 1, 1), 15),
    (scenario(true, 2, 2, 0), 21),
    (scenario(true, 2, 2, 2), 364),
    (scenario(true, 3, 1, 0), 69),
    (scenario(true, 3, 2, 0), 1_593),
];

#[test]
fn each_plan_store_has_the_judges_number_of_executions() {
    for (scenario, graphs) in COUNTS {
        assert_eq!(scenario.executions(1), graphs, "{scenario:?}");
        assert_eq!(scenario.graphs(), graphs, "{scenario:?}");
    }
}

#[test]
fn two_workers_find_the_same_executions_of_the_largest_plan_store() {
    let (scenario, graphs) = COUNTS[7];
    assert_eq!(scenario.executions(2), graphs);
}
