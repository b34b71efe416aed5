//! Identifiers: UUIDs that cannot be taken for one another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map($name)
            }
        }
    )+};
}

ids! {
    /// A legal entity.
    EntityId,
    /// A department.
    DepartmentId,
    /// A cost centre.
    CostCenterId,
    /// An employee.
    EmployeeId,
    /// A claim.
    ClaimId,
    /// A line of a claim.
    LineId,
    /// A task of an approver.
    TaskId,
    /// An event of a claim.
    EventId,
    /// A customer.
    AccountId,
    /// A person at a customer.
    ContactId,
    /// A deal.
    DealId,
    /// A project.
    ProjectId,
    /// A sales order.
    OrderId,
    /// A logged visit or call.
    ActivityId,
    /// A stored piece of evidence.
    DocumentId,
    /// A CRM connection.
    ConnectionId,
    /// A batch of payments.
    BatchId,
    /// A payment.
    PaymentId,
    /// A payee's account.
    PayeeAccountId,
}
