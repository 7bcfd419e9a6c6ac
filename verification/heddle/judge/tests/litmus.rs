//! The enumerator against the literature.

use std::collections::BTreeSet;

use heddle_judge::enumerate::judge;
use heddle_judge::litmus::{self, Condition, Place, Verdict};

#[test]
fn every_literature_verdict_is_the_judges_verdict() {
    let mut wrong = Vec::new();
    for test in litmus::all() {
        let outcomes = judge(&test.program).outcomes;
        let seen = outcomes.iter().any(|outcome| test.condition.holds(outcome));
        if seen != (test.verdict == Verdict::Allowed) {
            wrong.push(format!("{}: {}, but it says {seen}", test.name, test.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_tell_the_tests_apart() {
    let tests = litmus::all();
    let names: BTreeSet<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names.len(), tests.len());
    assert!(tests.len() >= 60, "only {} tests", tests.len());
}

/// A condition on a register or location that does not exist would make any
/// test pass as forbidden.
#[test]
fn conditions_only_name_places_of_their_program() {
    for test in litmus::all() {
        let Condition::Values(terms) = &test.condition else {
            continue;
        };
        for (place, _) in terms {
            let exists = match *place {
                Place::Register(thread, reg) => {
                    thread < test.program.threads().len() && reg < test.program.registers(thread)
                }
                Place::Memory(loc) => loc < test.program.locations(),
            };
            assert!(exists, "{}: {}", test.name, test.condition);
        }
    }
}
