//! What people and programs read: [`table`], [`json`], [`timeline`], and the token that names a counterexample.

pub mod json;
pub mod table;
pub mod timeline;
pub mod token;
