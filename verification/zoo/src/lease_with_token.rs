//! [`LeaseWithToken`]: a lease for the whole run, whose fencing token the store compares in the step that writes. **Right.**
//!
//! The token is how often the lease has been given. Checks may be as many steps before the write as one likes: if the lease is
//! still the same one in the step that writes, nobody else has written since it was given, and what was checked under it holds.
//! The operator's repair takes the lease away. As in [`LeaseWithoutToken`](crate::lease_without_token::LeaseWithoutToken), a
//! lease may expire at any step.
//!
//! **What it costs.** One Enactor at a time, and the lease must live in the store that it protects. One that loses its lease
//! in the middle leaves the rest to the next run, so two endpoints may differ until then. Compare
//! [`TokenOnWritesOnly`](crate::token_on_writes_only::TokenOnWritesOnly), where the store knows only the tokens that wrote.

use enactor::{
    generation::Generation,
    plan::{Endpoint, Plan},
    store::{ApplyOutcome, CleanUp, PublishError, Repair},
    sync::Arc,
};
use tracing::debug;

use crate::{fix::Fix, shelf::Shelf};

/// How often the lease has been given.
type Token = u64;

/// Checks under the lease, then writes if the token is still the newest one.
#[derive(Debug, Default)]
pub struct LeaseWithToken;

impl Fix for LeaseWithToken {
    const NAME: &'static str = "lease_with_token";
    type Rows = Token;
    type Run<'store> = Token;

    fn begin_run(&self, shelf: &Shelf<Token>) -> Token {
        let token = shelf.transaction(|table| {
            table.rows += 1;
            table.rows
        });
        debug!(token, "gets the lease");
        token
    }

    fn apply(
        &self,
        shelf: &Shelf<Token>,
        run: &mut Token,
        endpoint: &Endpoint,
        generation: Generation,
    ) -> ApplyOutcome {
        if let Some(refused) = shelf.check(endpoint, generation) {
            return refused;
        }
        shelf.transaction(|table| match table.rows == *run {
            _ if table.is_paused() => ApplyOutcome::Paused,
            true => table.write(endpoint, generation),
            false => ApplyOutcome::Busy,
        })
    }

    fn clean_up(&self, shelf: &Shelf<Token>, run: &mut Token, before: Generation) -> CleanUp {
        let in_use = shelf.look();
        shelf.transaction(|table| match table.rows == *run {
            true => table.delete(before, |generation| in_use.contains(&generation)),
            false => CleanUp::default(),
        })
    }

    fn repair(&self, shelf: &Shelf<Token>, plan: Arc<Plan>) -> Result<Repair, PublishError> {
        shelf.transaction(|table| {
            table.rows += 1;
            table.repair(plan)
        })
    }
}
