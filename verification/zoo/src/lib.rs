//! The zoo: plausible fixes of the store that failed, wrong and right, one file each.
//!
//! Each file says why its fix tempts, which schedule kills it, and which right fix answers it. The schedules are the explorer's
//! shortest counterexamples, and a test compares them; `docs/zoo.md` has the table of fixes × properties, `cargo verify matrix`
//! makes it, and `verification/zoo.toml` says what each fix must show.
//!
//! # The tour
//!
//! - [`shelf`]: plans and zone in a database with transactions, which most fixes share. [`places`]: record sets in memory
//!   that clients copy without a lock, which the others share.
//! - [`fix`]: what a fix may do differently from the store of the outage. [`stores`]: all of them, to be played on.
//! - Wrong: two steps where one is needed ([`recheck_before_write`], [`spare_what_looks_active`], [`recheck_and_spare`],
//!   [`freshness_outside`], [`published_promela_fix`], [`snapshot_by_endpoint`], [`counted_after_publish`],
//!   [`rollback_pointer`]); locks and leases that exclude and do not order ([`lock_around_apply`],
//!   [`lock_without_fresh_check`], [`lease_without_token`], [`token_on_writes_only`]); the wrong thing compared
//!   ([`cas_on_identity`], [`wrapping_generation`]); memory ([`relaxed_publish`], [`single_look`]); and [`never_deletes`].
//! - Right: [`global_lock`], [`transaction`], [`lease_with_token`], [`elected_writer`], [`epoch_reclamation`], and
//!   [`Guarded`](enactor::store::Guarded).

pub mod cas_on_identity;
pub mod counted_after_publish;
pub mod elected_writer;
pub mod epoch_reclamation;
pub mod fix;
pub mod freshness_outside;
pub mod global_lock;
pub mod lease_with_token;
pub mod lease_without_token;
pub mod lock_around_apply;
pub mod lock_without_fresh_check;
pub mod never_deletes;
pub mod places;
pub mod published_promela_fix;
pub mod recheck_and_spare;
pub mod recheck_before_write;
pub mod relaxed_publish;
pub mod rollback_pointer;
pub mod shelf;
pub mod single_look;
pub mod snapshot_by_endpoint;
pub mod spare_what_looks_active;
pub mod stores;
pub mod token_on_writes_only;
pub mod transaction;
pub mod wrapping_generation;

pub use fix::Fixed;
