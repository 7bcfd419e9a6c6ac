//! Livelocks: going round for ever, although everybody gets a turn.
//!
//! A set of states that a run can stay in for ever without taking what no fair
//! run takes for ever: an old value that is read again and again, a weak
//! exchange that fails without a reason. Every thread that can move somewhere in
//! the set also does (strong fairness), and more than one does: a single thread
//! that goes round only waits.

use super::explore::Edge;

/// Whether a fair run can go round for ever, and two threads with it.
pub(super) fn has_fair_cycle(edges: &[Vec<Edge>], threads: usize, waits: impl Fn(usize, usize) -> bool) -> bool {
    let components = components(edges);
    let count = components.iter().max().map_or(0, |last| last + 1);
    let mut moves = vec![0_u64; count];
    let mut could = vec![0_u64; count];
    for (state, out) in edges.iter().enumerate() {
        let own = components[state];
        for thread in (0..threads).filter(|thread| !waits(state, *thread)) {
            could[own] |= 1 << thread;
        }
        for edge in out.iter().filter(|edge| !edge.unlucky && components[edge.to as usize] == own) {
            moves[own] |= 1 << edge.thread;
        }
    }
    moves.iter().zip(&could).any(|(moves, could)| moves == could && moves.count_ones() > 1)
}

/// The strongly connected component of each state (Tarjan 1972), without the
/// transitions that no fair run takes for ever.
fn components(edges: &[Vec<Edge>]) -> Vec<usize> {
    let unseen = u32::MAX;
    let mut number = vec![unseen; edges.len()];
    let mut low = number.clone();
    let mut component = vec![usize::MAX; edges.len()];
    let (mut next, mut count) = (0, 0);
    let mut open: Vec<usize> = Vec::new();
    for root in 0..edges.len() {
        if number[root] != unseen {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((state, at)) = calls.pop() {
            if number[state] == unseen {
                number[state] = next;
                low[state] = next;
                next += 1;
                open.push(state);
            }
            let out = &edges[state];
            let descend =
                out.iter().enumerate().skip(at).filter(|(_, edge)| !edge.unlucky).find_map(|(place, edge)| {
                    let to = edge.to as usize;
                    if number[to] == unseen {
                        return Some((place, to));
                    }
                    if component[to] == usize::MAX {
                        low[state] = low[state].min(low[to]);
                    }
                    None
                });
            if let Some((place, to)) = descend {
                // This edge is looked at once more, for what it reaches.
                calls.push((state, place));
                calls.push((to, 0));
                continue;
            }
            if low[state] == number[state] {
                while let Some(member) = open.pop() {
                    component[member] = count;
                    if member == state {
                        break;
                    }
                }
                count += 1;
            }
        }
    }
    component
}
