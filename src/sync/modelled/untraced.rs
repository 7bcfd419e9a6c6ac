//! On heddle's leg the facade writes no operation down: heddle tells them by itself.

use std::{panic::Location, sync::atomic::Ordering};

#[derive(Debug)]
pub(super) struct Identity;

pub(super) enum Deed {
    Lock,
    Unlock,
}

impl Identity {
    pub(super) fn new(_initial: u64) -> Self {
        Self
    }

    #[inline]
    pub(super) fn told(&self, _read: Option<u64>, _written: Option<u64>, _ordering: Ordering) {}

    #[inline]
    pub(super) fn locked(&self, _deed: Deed, _site: &'static Location<'static>) {}
}

#[inline]
pub(super) fn fence(_ordering: Ordering) {}
