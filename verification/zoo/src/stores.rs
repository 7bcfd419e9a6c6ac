//! [`ZOO`]: every fix as a store under verification.

use enactor::plan::Endpoint;
use enactor_verification::{stores::Store, subject::Subject};

use crate::{
    Fixed, cas_on_identity::CasOnIdentity, counted_after_publish::CountedAfterPublish, elected_writer::ElectedWriter,
    epoch_reclamation::EpochReclamation, fix::Fix, freshness_outside::FreshnessOutside, global_lock::GlobalLock,
    lease_with_token::LeaseWithToken, lease_without_token::LeaseWithoutToken, lock_around_apply::LockAroundApply,
    lock_without_fresh_check::LockWithoutFreshCheck, never_deletes::NeverDeletes,
    published_promela_fix::PublishedPromelaFix, recheck_and_spare::RecheckAndSpare,
    recheck_before_write::RecheckBeforeWrite, relaxed_publish::RelaxedPublish, rollback_pointer::RollbackPointer,
    single_look::SingleLook, snapshot_by_endpoint::SnapshotByEndpoint, spare_what_looks_active::SpareWhatLooksActive,
    token_on_writes_only::TokenOnWritesOnly, transaction::Transaction, wrapping_generation::WrappingGeneration,
};

impl<F: Fix> Subject for Fixed<F> {
    const NAME: &'static str = F::NAME;

    fn build(endpoints: &[Endpoint]) -> Self {
        Self::new(endpoints.iter().cloned())
    }
}

/// Plausible fixes: first the wrong ones, then the right ones.
pub static ZOO: &[Store] = &[
    Store::of::<Fixed<RecheckBeforeWrite>>(),
    Store::of::<Fixed<SpareWhatLooksActive>>(),
    Store::of::<Fixed<RecheckAndSpare>>(),
    Store::of::<Fixed<PublishedPromelaFix>>(),
    Store::of::<Fixed<FreshnessOutside>>(),
    Store::of::<Fixed<SnapshotByEndpoint>>(),
    Store::of::<Fixed<CountedAfterPublish>>(),
    Store::of::<Fixed<RollbackPointer>>(),
    Store::of::<Fixed<LockAroundApply>>(),
    Store::of::<Fixed<LockWithoutFreshCheck>>(),
    Store::of::<Fixed<LeaseWithoutToken>>(),
    Store::of::<Fixed<TokenOnWritesOnly>>(),
    Store::of::<Fixed<CasOnIdentity>>(),
    Store::of::<Fixed<WrappingGeneration>>(),
    Store::of::<Fixed<RelaxedPublish>>(),
    Store::of::<Fixed<SingleLook>>(),
    Store::of::<Fixed<NeverDeletes>>(),
    Store::of::<Fixed<GlobalLock>>(),
    Store::of::<Fixed<Transaction>>(),
    Store::of::<Fixed<LeaseWithToken>>(),
    Store::of::<Fixed<ElectedWriter>>(),
    Store::of::<Fixed<EpochReclamation>>(),
];
