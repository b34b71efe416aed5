//! Approval flows.
