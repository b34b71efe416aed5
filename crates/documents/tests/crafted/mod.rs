//! What only the tests of this crate make, with libraries that other crates do without: codes, faxes and seals.
#![allow(dead_code)]

pub mod code;
pub mod seal;
