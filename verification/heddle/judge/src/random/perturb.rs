//! Small changes to a program. They may break its rules; the caller asks
//! `Program::new`.

use fastrand::Rng;

use super::{atomic, compare_exchange, enclose, free_register, order};
use crate::program::{Instruction, Kind, Location, Operand, Order, RmwOp};

/// Makes one change at random, or none if the one drawn does not fit.
pub(super) fn perturb(rng: &mut Rng, locations: &mut usize, bodies: &mut [Vec<Instruction>]) {
    let thread = rng.usize(..bodies.len());
    match rng.usize(..20) {
        0..7 => reorder(rng, &mut bodies[thread]),
        7..10 => insert_fence(rng, &mut bodies[thread]),
        10..13 => strengthen_to_rmw(rng, &mut bodies[thread]),
        13 => insert_access(rng, &mut bodies[thread], *locations),
        14 => {
            // One more location, so that shapes of two get a third.
            *locations += 1;
            insert_access(rng, &mut bodies[thread], *locations);
        }
        15 => move_access(rng, &mut bodies[thread], *locations),
        16 => remove(rng, &mut bodies[thread]),
        17 => swap_neighbours(rng, &mut bodies[thread]),
        18 => {
            let loc = rng.usize(..*locations);
            make_non_atomic(bodies, loc);
        }
        _ => insert_locks(rng, locations, bodies),
    }
}

/// Takes a new mutex in most threads, or two, one inside the other, in either
/// order: what deadlocks are made of.
fn insert_locks(rng: &mut Rng, locations: &mut usize, bodies: &mut [Vec<Instruction>]) {
    let mutex = *locations;
    let nested = rng.bool();
    *locations += 1 + usize::from(nested);
    for body in bodies {
        if rng.usize(..4) == 0 {
            continue;
        }
        if nested {
            let flip = rng.usize(..2);
            let outer = enclose(rng, body, mutex + flip);
            let mut inside = body[outer.clone()].to_vec();
            enclose(rng, &mut inside, mutex + 1 - flip);
            body.splice(outer, inside);
        } else {
            enclose(rng, body, mutex);
        }
    }
}

/// Gives one operation another ordering.
fn reorder(rng: &mut Rng, body: &mut [Instruction]) {
    let mut orders: Vec<(&mut Order, &[Order])> = body.iter_mut().flat_map(Instruction::orders_mut).collect();
    if orders.is_empty() {
        return;
    }
    let place = rng.usize(..orders.len());
    let (chosen, legal) = &mut orders[place];
    **chosen = order(rng, legal);
}

fn insert_fence(rng: &mut Rng, body: &mut Vec<Instruction>) {
    let place = rng.usize(..=body.len());
    let order = order(rng, &Order::FENCES);
    body.insert(place, Instruction::Fence { order });
}

fn insert_access(rng: &mut Rng, body: &mut Vec<Instruction>, locations: usize) {
    let place = rng.usize(..=body.len());
    let loc = rng.usize(..locations);
    let access = atomic(rng, body, loc);
    body.insert(place, access);
}

fn remove(rng: &mut Rng, body: &mut Vec<Instruction>) {
    if body.len() > 1 {
        body.remove(rng.usize(..body.len()));
    }
}

fn swap_neighbours(rng: &mut Rng, body: &mut [Instruction]) {
    if body.len() > 1 {
        let place = rng.usize(1..body.len());
        body.swap(place - 1, place);
    }
}

/// Turns a load or a store into a read-modify-write of the same location.
fn strengthen_to_rmw(rng: &mut Rng, body: &mut [Instruction]) {
    let place = rng.usize(..body.len().max(1));
    let spare = free_register(body);
    let order = order(rng, &Order::ALL);
    let exchange = compare_exchange(rng, body, 0);
    let Some(instruction) = body.get_mut(place) else {
        return;
    };
    *instruction = match (*instruction, rng.usize(..3)) {
        (Instruction::Load { loc, reg, .. }, 0) => with_place(exchange, loc, reg),
        (Instruction::Store { loc, .. }, 0) => with_place(exchange, loc, spare),
        (Instruction::Load { loc, reg, .. }, _) => {
            Instruction::Rmw { loc, order, op: RmwOp::Add(Operand::Constant(rng.u64(..2))), reg }
        }
        (Instruction::Store { loc, value, .. }, 1) => {
            Instruction::Rmw { loc, order, op: RmwOp::Swap(value), reg: spare }
        }
        (Instruction::Store { loc, value, .. }, _) => {
            Instruction::Rmw { loc, order, op: RmwOp::Add(value), reg: spare }
        }
        (other, _) => other,
    };
}

fn with_place(mut instruction: Instruction, place: Location, register: usize) -> Instruction {
    if let Instruction::CompareExchange { loc, reg, .. } = &mut instruction {
        *loc = place;
        *reg = register;
    }
    instruction
}

/// Lets one access go to another location.
fn move_access(rng: &mut Rng, body: &mut [Instruction], locations: usize) {
    let place = rng.usize(..body.len().max(1));
    let elsewhere = rng.usize(..locations);
    if let Some(loc) = body.get_mut(place).and_then(Instruction::loc_mut) {
        *loc = elsewhere;
    }
}

/// Makes a location non-atomic if it is only loaded and stored.
fn make_non_atomic(bodies: &mut [Vec<Instruction>], location: Location) {
    let mut plain = bodies.to_vec();
    for instruction in plain.iter_mut().flatten() {
        if instruction.access() != Some((location, Kind::Atomic)) {
            continue;
        }
        *instruction = match *instruction {
            Instruction::Load { loc, reg, .. } => Instruction::NonAtomicLoad { loc, reg },
            Instruction::Store { loc, value, .. } => Instruction::NonAtomicStore { loc, value },
            _ => return,
        };
    }
    bodies.clone_from_slice(&plain);
}
