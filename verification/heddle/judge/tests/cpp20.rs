//! The order of `SeqCst` once more, from the other end: the C++20 standard.
//!
//! `[atomics.order]` asks for a total order S of the `SeqCst` operations and
//! lists what precedes what in it. S exists if those demands have no cycle. The
//! demands are written for operations, not by way of `psc`, so the two are
//! independent; they agree but for what `ScbOfCpp20` says of the difference.

use heddle_judge::axioms::Axioms;
use heddle_judge::enumerate::{for_each_graph, judge_under};
use heddle_judge::graph::Graph;
use heddle_judge::litmus::{self, Verdict};
use heddle_judge::mutation::Mutation;
use heddle_judge::program::Order;
use heddle_judge::random::Sample;
use heddle_judge::relation::Relation;

/// Whether a total order S as in `[atomics.order]` 3 to 5 exists.
fn has_total_order(graph: &Graph, hb: &Relation) -> bool {
    let size = graph.events.len();
    let is_sc = |e: usize| graph.events[e].order == Some(Order::SeqCst);
    let is_fence = |e: usize| is_sc(e) && graph.events[e].is_fence();
    // Sequenced before holds between evaluations, not inside one.
    let sequenced = graph.po.filter(|a, b| !graph.rmw.contains(a, b));
    // The clause for two SeqCst operations that synchronise adds nothing:
    // coherence orders those already.
    let strongly = graph.po.union(&sequenced.then(hb).then(&sequenced));
    let coherence = {
        let reads_before = graph.rf.inverse().then(&graph.mo);
        graph.rf.union(&graph.mo).union(&reads_before).closure()
    };
    let mut precedes = strongly.filter(|a, b| is_sc(a) && is_sc(b));
    for (a, b) in coherence.pairs() {
        let before = (0..size).filter(|x| is_fence(*x) && hb.contains(*x, a));
        let before: Vec<usize> = before.chain(is_sc(a).then_some(a)).collect();
        let after = (0..size).filter(|y| is_fence(*y) && hb.contains(b, *y));
        for y in after.chain(is_sc(b).then_some(b)) {
            for x in &before {
                precedes.insert(*x, y);
            }
        }
    }
    precedes.is_acyclic()
}

#[test]
fn psc_is_the_total_order_of_cpp20_but_for_known_steps() {
    let unordered = Axioms::mutated(Mutation::SeqCstAsAcqRel);
    let mut forbidden = 0;
    for program in Sample::new(41).take(6_000) {
        for_each_graph(&program, unordered, |graph, _| {
            let hb = Axioms::RC11.happens_before(graph);
            let ordered = has_total_order(graph, &hb);
            assert_eq!(Axioms::CPP20.is_sequential(graph, &hb), ordered, "{program}: {graph}");
            if ordered {
                assert!(Axioms::RC11.is_sequential(graph, &hb), "{program}: {graph}");
            }
            forbidden += u32::from(!ordered);
        });
    }
    assert!(forbidden > 500, "only {forbidden} graphs put it to the test");
}

#[test]
fn cpp20_forbids_five_rows_that_rc11_allows() {
    let mut differ = Vec::new();
    for test in litmus::all() {
        let outcomes = judge_under(&test.program, Axioms::CPP20).outcomes;
        let seen = outcomes.iter().any(|outcome| test.condition.holds(outcome));
        if seen != (test.verdict == Verdict::Allowed) {
            differ.push(test.name);
        }
    }
    let expected =
        ["IRIW-rel-sc", "RWC-rel-sc-sc", "RWC+same-loc-detour", "R+same-loc-detour", "2+2W+sc-observed-later"];
    assert_eq!(differ, expected);
}
