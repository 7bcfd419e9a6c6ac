//! The brute force: all reads-from × all modification orders × the axioms.

use std::collections::BTreeSet;

use crate::axioms::Axioms;
use crate::graph::Graph;
use crate::outcome::Outcome;
use crate::program::{Location, Program};
use crate::record::graph_of;
use crate::relation::{Relation, members};
use crate::run::{Run, for_each_run};

/// How a consistent execution ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every thread ran to its end.
    Complete(Outcome),
    /// Every unfinished thread waits for a mutex that is never given back.
    Deadlock,
    /// Two conflicting accesses are unordered, whether or not it also
    /// deadlocks.
    Race,
}

/// All that a program may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The outcomes of complete executions, and [`Outcome::Race`] if any
    /// execution has a race.
    pub outcomes: BTreeSet<Outcome>,
    /// Distinct complete executions without a race. Two executions are distinct
    /// if their events, reads-from or modification orders differ.
    pub graphs: u64,
    /// Distinct executions without a race that end in a deadlock. All that can
    /// run has run: an execution only counts once every thread is at its end or
    /// at a lock whose holder is stuck too.
    pub deadlocks: u64,
    /// Distinct executions with a race. The program has no meaning if there is
    /// one, and an explorer may stop at the first.
    pub races: u64,
}

/// All that a program may do under RC11.
#[must_use]
pub fn judge(program: &Program) -> Verdict {
    judge_under(program, Axioms::RC11)
}

/// All that a program may do under a model.
#[must_use]
pub fn judge_under(program: &Program, axioms: Axioms) -> Verdict {
    let mut verdict = Verdict::default();
    for_each_graph(program, axioms, |_, end| match end {
        End::Complete(outcome) => {
            verdict.graphs += 1;
            verdict.outcomes.insert(outcome);
        }
        End::Deadlock => verdict.deadlocks += 1,
        End::Race => {
            verdict.races += 1;
            verdict.outcomes.insert(Outcome::Race);
        }
    });
    verdict
}

/// Visits every consistent graph of a program once.
pub fn for_each_graph(program: &Program, axioms: Axioms, visit: impl FnMut(&Graph, End)) {
    let mut search = Search { program, axioms, prune: true, visit };
    for_each_run(program, axioms, &mut |run| search.visit_run(run));
}

struct Search<'p, V> {
    program: &'p Program,
    axioms: Axioms,
    /// Off only to test that it changes nothing.
    prune: bool,
    visit: V,
}

impl<V: FnMut(&Graph, End)> Search<'_, V> {
    fn visit_run(&mut self, run: &Run<'_>) {
        let mut graph = graph_of(self.program, self.axioms, run);
        let hb = self.axioms.happens_before(&graph);
        let orders: Vec<Vec<Relation>> =
            (0..self.program.locations()).map(|loc| self.modification_orders(&mut graph, &hb, loc)).collect();
        graph.mo = Relation::empty(graph.events.len());
        self.choose_orders(run, &mut graph, &hb, &orders);
    }

    /// Takes each combination of one modification order for each location.
    fn choose_orders(&mut self, run: &Run<'_>, graph: &mut Graph, hb: &Relation, orders: &[Vec<Relation>]) {
        let Some((first, rest)) = orders.split_first() else {
            if self.axioms.is_consistent(graph, hb) {
                let end = self.end(run, graph, hb);
                (self.visit)(graph, end);
            }
            return;
        };
        let chosen = graph.mo.clone();
        for order in first {
            graph.mo = chosen.union(order);
            self.choose_orders(run, graph, hb, rest);
        }
        graph.mo = chosen;
    }

    fn end(&self, run: &Run<'_>, graph: &Graph, hb: &Relation) -> End {
        if self.axioms.is_racy(graph, hb) {
            End::Race
        } else if run.is_deadlocked() {
            End::Deadlock
        } else {
            let memory = (0..self.program.locations()).map(|loc| graph.last_value(loc));
            End::Complete(Outcome::Complete { registers: run.registers.clone(), memory: memory.collect() })
        }
    }

    /// The total orders of a location's writes, the initial write first.
    ///
    /// Coherence and atomicity only ever compare accesses of one location, so
    /// an order that breaks them here breaks them in every combination.
    fn modification_orders(&self, graph: &mut Graph, hb: &Relation, loc: Location) -> Vec<Relation> {
        let writes = graph.select(|event| event.is_write() && event.loc() == Some(loc));
        let writes: Vec<usize> = members(writes).collect();
        let (initial, others) = writes.split_at(1);
        let mut orders = Vec::new();
        self.extend_order(graph, hb, initial, others, &mut |order| {
            orders.push(total_order(graph.events.len(), order));
        });
        if self.prune {
            orders.retain(|order| {
                graph.mo = order.clone();
                self.axioms.is_atomic(graph) && self.axioms.is_coherent(graph, hb)
            });
        }
        orders
    }

    /// Every order that begins with `placed` and goes on with `others`.
    fn extend_order(
        &self,
        graph: &Graph,
        hb: &Relation,
        placed: &[usize],
        others: &[usize],
        found: &mut dyn FnMut(&[usize]),
    ) {
        if others.is_empty() {
            found(placed);
        }
        for write in others {
            let rest: Vec<usize> = others.iter().copied().filter(|o| o != write).collect();
            if self.prune && !self.may_follow(graph, hb, placed, *write, &rest) {
                continue;
            }
            let placed: Vec<usize> = placed.iter().copied().chain([*write]).collect();
            self.extend_order(graph, hb, &placed, &rest, found);
        }
    }

    /// Whether a write can come right after `placed` and before `rest`: writes
    /// go in happens-before order, and a read-modify-write right after what it
    /// read.
    fn may_follow(&self, graph: &Graph, hb: &Relation, placed: &[usize], write: usize, rest: &[usize]) -> bool {
        let in_order = self.axioms.lacks_coherence() || !rest.iter().any(|later| hb.contains(*later, write));
        let mut reads = graph.rmw.pairs().filter(|pair| pair.1 == write);
        let adjacent = !self.axioms.updates_follow_their_source()
            || reads.all(|(read, _)| {
                let source = placed.last();
                source.is_some_and(|source| graph.rf.contains(*source, read))
            });
        in_order && adjacent
    }
}

fn total_order(size: usize, writes: &[usize]) -> Relation {
    let mut order = Relation::empty(size);
    for (place, before) in writes.iter().enumerate() {
        for after in &writes[place + 1..] {
            order.insert(*before, *after);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::{Search, for_each_graph};
    use crate::axioms::Axioms;
    use crate::mutation::Mutation;
    use crate::program::Program;
    use crate::random::Sample;
    use crate::run::for_each_run;

    /// All consistent graphs. Unpruned, the runs are those of a model without
    /// atomicity, which does not prune them either.
    fn graphs(program: &Program, axioms: Axioms, prune: bool) -> Vec<String> {
        let mut graphs = Vec::new();
        let mut search =
            Search { program, axioms, prune, visit: |graph: &_, end| graphs.push(format!("{graph} {end:?}")) };
        let runs = if prune { axioms } else { Axioms::mutated(Mutation::NoAtomicity) };
        for_each_run(program, runs, &mut |run| search.visit_run(run));
        graphs.sort();
        graphs
    }

    #[test]
    fn pruning_loses_no_graph_and_adds_none() {
        let models = [
            Axioms::RC11,
            Axioms::mutated(Mutation::NoCoherence),
            Axioms::mutated(Mutation::CoherenceOfOneStep),
            Axioms::mutated(Mutation::NoAtomicity),
            Axioms::mutated(Mutation::NoOrderOfWrites),
        ];
        // Without coherence and pruning, every order of every location counts.
        let short = Sample::new(12).filter(|program| program.events() <= 13);
        for program in short.take(300) {
            for axioms in models {
                let pruned = graphs(&program, axioms, true);
                assert_eq!(pruned, graphs(&program, axioms, false), "{program}");
            }
        }
    }

    #[test]
    fn no_graph_comes_up_twice() {
        for program in Sample::new(13).take(500) {
            let mut seen = std::collections::BTreeSet::new();
            for_each_graph(&program, Axioms::RC11, |graph, _| {
                assert!(seen.insert(graph.to_string()), "{program}: {graph}");
            });
        }
    }
}
