//! The enumerator against `GenMC`, the explorer of the RC11 literature.

use heddle_judge::axioms::Axioms;
use heddle_judge::enumerate::{judge, judge_under};
use heddle_judge::mutation::Mutation;
use heddle_judge::program::Program;

/// How many executions `GenMC` reports under RC11, as recorded by the tests of
/// its integration in Miri. Name, number, program.
const EXECUTIONS: &str = "\
IRIWish: 28: 2 | st.rlx x 1 | ld.rlx x r0; st.rel y r0 | ld.rlx x r0; fence.ar; ld.rlx y r1 | ld.rlx y r0; fence.ar; ld.rlx x r1
IRIW-acq-sc: 16: 2 | st.sc x 1 | ld.acq x r0; ld.sc y r1 | ld.acq y r0; ld.sc x r1 | st.sc y 1
viktor-relseq: 180: 1 | add.acq x 1 r0; add.rlx x 1 r1 | add.rlx x 1 r0; add.rlx x 1 r1 | add.rel x 1 r0 | add.rlx x 1 r0
MPU2+rels+acqf: 36: 2 | st.rlx x 1; st.rel y 0; st.rlx y 1 | cas.rlx.rlx y 2 3 r0 | cas.rlx.rlx y 1 2 r0 | ld.acq y r0; if r0 0 skip 4; if r0 1 skip 3; if r0 2 skip 2; fence.acq; st.rlx x 2
MPU+rels+acq: 13: 2 | st.rlx x 1; st.rel y 0; st.rlx y 1 | add.rlx y 1 r0 | ld.acq y r0; if r0 0 skip 2; if r0 1 skip 1; st.rlx x 2
inc+inc+RR+W+RR: 600: 1 | add.rlx x 1 r0 | add.rlx x 1 r0 | ld.rlx x r0; ld.rlx x r1 | st.rlx x 42 | ld.rlx x r0; ld.rlx x r1
detour: 9: 3 | st.rlx x 1 | ld.rlx z r0; st.rlx x 7; ld.rlx x r1; st.rlx y r1 | ld.rlx y r0; st.rlx z r0
cii: 6: 1 | cas.rlx.rlx x 1 2 r0 | add.rlx x 1 r0 | add.rlx x 1 r0
2CoWR: 4: 2 | ld.acq y r0 | ld.acq x r0 | st.rel x 1 | st.rel y 1
fr+w+w+w+reads: 210: 1 | st.rlx x 1 | st.rlx x 2 | st.rlx x 3 | ld.rlx x r0; ld.rlx x r1; ld.rlx x r2; ld.rlx x r3
cumul-release: 8: 3 | st.rlx x 1; st.rel y 1 | ld.rlx y r0; st.rlx z r0 | ld.rlx z r0; fence.ar; ld.rlx x r1
casdep: 2: 3 | ld.rlx x r0; cas.rlx.rlx y r0 1 r1; st.rlx z r0 | st.rlx y 2
LB+incMPs: 15: 4 | ld.acq x r0; add.ar z 1 r1 | add.ar z 1 r0; st.rel y 1 | ld.acq y r0; add.ar w 1 r1 | add.ar w 1 r0; st.rel x 1
CoRR1: 36: 1 | st.rel x 1 | st.rel x 2 | ld.acq x r0; ld.acq x r1 | ld.acq x r0
CoRR2: 72: 1 | st.rel x 1 | st.rel x 2 | ld.acq x r0; ld.acq x r1 | ld.acq x r0; ld.acq x r1
default: 12: 1 | ld.acq x r0; ld.acq x r1 | st.rel x 1 | st.rel x 2
2+2W+scfs: 3: 2 | st.rlx x 1; fence.sc; st.rlx y 2 | st.rlx y 1; fence.sc; st.rlx x 2
2+2W+3sc+rel1: 4: 2 | st.sc x 1; st.sc y 2 | st.rel y 1; st.sc x 2
LB: 3: 2 | ld.rlx x r0; st.rlx y 1 | ld.rlx y r0; st.rlx x 1
Z6+acq: 7: 3 | st.rlx x 1; fence.sc; st.rlx y 1 | ld.acq y r0; st.rlx z 1 | st.rlx z 2; fence.sc; ld.rlx x r0";

#[test]
fn graphs_are_as_many_as_genmc_executions() {
    for row in EXECUTIONS.lines() {
        let mut fields = row.split(": ");
        let mut field = || fields.next().expect("three fields");
        let (name, executions, program) = (field(), field(), field());
        let program: Program = program.parse().expect("a program");
        assert_eq!(judge(&program).graphs.to_string(), executions, "{name}");
    }
}

/// The one place found where `GenMC` is stronger than RC11: it takes the step
/// from the read to the write of a read-modify-write for one of the two `po`
/// around `hb` in `scb`, though both access one location. The PLDI 2017 paper
/// allows Z6.U; `GenMC` shows 22 executions and not the two with that outcome.
#[test]
fn z6u_tells_rc11_from_genmc() {
    let program = "2 | st.sc x 1; st.rel y 1 | add.sc y 1 r0; ld.rlx y r1 | st.sc y 3; ld.sc x r0";
    let program: Program = program.parse().expect("a program");
    assert_eq!(judge(&program).graphs, 24);
    let genmc = Axioms::mutated(Mutation::ScbDetourOfGenmc);
    assert_eq!(judge_under(&program, genmc).graphs, 22);
    assert_eq!(judge_under(&program, Axioms::CPP20).graphs, 24);
}
