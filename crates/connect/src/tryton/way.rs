//! The ways to one database of Tryton, which give the same rows.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    rest::{self, Found, Query, Rest},
    rpc::{self, Rpc},
};
use crate::{connector::Error, pace::Pace};

/// How Tryton is asked.
pub enum Way {
    /// By the key of a user application.
    Rest(Rest),
    /// By a user's session.
    Rpc(Rpc),
}

impl Way {
    /// The largest page that is asked for.
    pub fn max_page(&self) -> usize {
        match self {
            Way::Rest(_) => rest::MAX_PAGE,
            Way::Rpc(_) => rpc::MAX_PAGE,
        }
    }

    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        match self {
            Way::Rest(rest) => rest.pace(),
            Way::Rpc(rpc) => rpc.pace(),
        }
    }

    /// How many records of `model` are in `domain`, archived ones too; REST does not tell.
    pub async fn count(&self, model: &str, domain: &Value) -> Result<Option<u64>, Error> {
        match self {
            Way::Rest(_) => Ok(None),
            Way::Rpc(rpc) => rpc.count(model, domain).await.map(Some),
        }
    }

    /// Records of `model`, archived ones too.
    pub async fn search(&self, model: &str, query: Query<'_>) -> Result<Found, Error> {
        match self {
            Way::Rest(rest) => rest.search(model, query).await,
            Way::Rpc(rpc) => rpc.search(model, query).await,
        }
    }

    /// Changes fields of one record.
    pub async fn update(&self, model: &str, id: i64, vals: &Value) -> Result<(), Error> {
        match self {
            Way::Rest(rest) => rest.update(model, id, vals).await,
            Way::Rpc(rpc) => rpc.update(model, id, vals).await,
        }
    }

    /// Makes a record.
    pub async fn create(&self, model: &str, vals: &Value) -> Result<(), Error> {
        match self {
            Way::Rest(rest) => rest.create(model, vals).await,
            Way::Rpc(rpc) => rpc.create(model, vals).await,
        }
    }

    /// Calls `action` of the module `outlay_cost`, or a button, on one record; the arguments in the order that it names them in.
    pub async fn act(&self, model: &str, id: i64, action: &str, arguments: &[(&str, Value)]) -> Result<Value, Error> {
        match self {
            Way::Rest(rest) => rest.act(model, id, action, arguments).await,
            Way::Rpc(rpc) => rpc.act(model, id, action, arguments).await,
        }
    }

    /// Times of change that a cursor may stand at, by id, where rows do not tell them to the microsecond.
    pub async fn exact(&self, model: &str, rows: &[Value]) -> Result<HashMap<i64, Timestamp>, Error> {
        match self {
            Way::Rest(_) => Ok(HashMap::new()),
            Way::Rpc(rpc) => rpc.exact(model, rows).await,
        }
    }
}
