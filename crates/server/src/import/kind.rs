//! The kinds of table, and their columns.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Action;
use crate::error::Error;

/// A column of a table. Its name in a file may be the code, the Chinese or the English name.
#[derive(Debug)]
pub struct Column {
    /// Its code.
    pub code: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its English name.
    pub en: &'static str,
    /// Whether a file must have it, and every row fill it.
    pub required: bool,
    /// Whether it is one of those that tell a row from all others.
    pub key: bool,
}

const fn key(code: &'static str, zh: &'static str, en: &'static str) -> Column {
    column(code, zh, en, true, true)
}

const fn must(code: &'static str, zh: &'static str, en: &'static str) -> Column {
    column(code, zh, en, true, false)
}

const fn may(code: &'static str, zh: &'static str, en: &'static str) -> Column {
    column(code, zh, en, false, false)
}

/// Part of the key, empty for Outlay's own and for all entities.
const fn may_key(code: &'static str, zh: &'static str, en: &'static str) -> Column {
    column(code, zh, en, false, true)
}

const fn column(code: &'static str, zh: &'static str, en: &'static str, required: bool, key: bool) -> Column {
    Column {
        code,
        zh,
        en,
        required,
        key,
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $action:ident, [$($column:expr),+ $(,)?];)+) => {
        /// What a table holds, in an order in which what is referred to comes first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind { $($(#[$doc])* $name),+ }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),+];

            /// The name in addresses and commands.
            pub fn code(self) -> &'static str {
                match self { $(Kind::$name => $code),+ }
            }

            /// The right that is needed.
            pub fn action(self) -> Action {
                match self { $(Kind::$name => Action::$action),+ }
            }

            /// Its columns.
            pub fn columns(self) -> &'static [Column] {
                match self { $(Kind::$name => {
                    static COLUMNS: &[Column] = &[$($column),+];
                    COLUMNS
                }),+ }
            }
        }
    };
}

kinds! {
    /// Legal entities.
    Entities = "entities", ManagePeople, [
        key("code", "编码", "Code"), must("name", "名称", "Name"), must("country", "国家", "Country"),
        must("currency", "本位币", "Currency"), must("zone", "时区", "Time zone"),
    ];
    /// Cost centres.
    CostCenters = "cost-centers", ManagePeople, [
        key("code", "编码", "Code"), must("name", "名称", "Name"), must("entity", "法人主体", "Entity"),
        may("owner", "负责人", "Owner"),
    ];
    /// Departments; their heads are `managers`.
    Departments = "departments", ManagePeople, [
        key("code", "编码", "Code"), must("name", "名称", "Name"), may("parent", "上级部门", "Parent"),
        may("from", "生效日期", "From"), may("to", "失效日期", "To"),
    ];
    /// People.
    People = "people", ManagePeople, [
        key("number", "工号", "Number"), must("name", "姓名", "Name"), must("email", "邮箱", "Email"),
        may("locale", "语言", "Language"), may("active", "在职", "Active"),
    ];
    /// Who works where and since when.
    Assignments = "assignments", ManagePeople, [
        key("employee", "员工", "Employee"), key("department", "部门", "Department"), key("entity", "法人主体", "Entity"),
        may("cost_center", "成本中心", "Cost centre"), may("position", "职位", "Position"), may("grade", "职级", "Grade"),
        may("primary", "主任职", "Primary"), key("from", "起始日期", "From"), may("to", "失效日期", "To"),
    ];
    /// Heads of departments.
    Managers = "managers", ManagePeople, [
        key("department", "部门", "Department"), must("head", "负责人", "Head"),
    ];
    /// Who holds which role.
    Roles = "roles", ManagePeople, [
        key("employee", "员工", "Employee"), key("role", "角色", "Role"), may_key("entity", "法人主体", "Entity"),
    ];
    /// Accounts that people are paid to; each is proposed, and a second person confirms it.
    PayeeAccounts = "payee-accounts", ManagePeople, [
        key("employee", "员工", "Employee"), must("number", "账号", "Account number"), may("holder", "户名", "Holder"),
        may("bank", "开户行", "Bank"), may("bic", "BIC", "BIC"), may("branch", "联行号", "Branch number"),
    ];
    /// Which CRM user is which employee.
    CrmUsers = "crm-users", ManageRecords, [
        may_key("connection", "CRM 连接", "Connection"), key("crm_user", "CRM 用户", "CRM user"),
        may("name", "姓名", "Name"), may("employee", "员工", "Employee"),
    ];
    /// Customers.
    Accounts = "accounts", ManageRecords, [
        key("id", "客户编号", "Account id"), must("name", "客户名称", "Name"), may("tax_id", "税号", "Tax number"),
        may("country", "国家", "Country"), may("city", "城市", "City"), may("phone", "电话", "Phone"),
        may("owner", "负责人", "Owner"), may_key("connection", "CRM 连接", "Connection"),
    ];
    /// People at customers.
    Contacts = "contacts", ManageRecords, [
        key("id", "联系人编号", "Contact id"), must("name", "姓名", "Name"), may("account", "客户编号", "Account id"),
        may("title", "职务", "Position"), may("email", "邮箱", "Email"), may("phone", "电话", "Phone"),
        may_key("connection", "CRM 连接", "Connection"),
    ];
    /// Deals.
    Deals = "deals", ManageRecords, [
        key("id", "商机编号", "Deal id"), must("name", "商机名称", "Name"), may("account", "客户编号", "Account id"),
        may("contact", "联系人编号", "Contact id"), may("owner", "负责人", "Owner"), may("stage", "阶段", "Stage"),
        may("stage_kind", "进展", "Outcome"), may("amount", "金额", "Amount"), may("currency", "币种", "Currency"),
        may("close_on", "预计结单", "Close date"), may_key("connection", "CRM 连接", "Connection"),
    ];
    /// Projects.
    Projects = "projects", ManageRecords, [
        key("id", "项目编号", "Project id"), must("name", "项目名称", "Name"), may("account", "客户编号", "Account id"),
        may("deal", "商机编号", "Deal id"), may_key("connection", "CRM 连接", "Connection"),
    ];
    /// Sales orders.
    Orders = "orders", ManageRecords, [
        key("id", "订单编号", "Order id"), may("number", "订单号", "Number"), may("account", "客户编号", "Account id"),
        may("deal", "商机编号", "Deal id"), may("amount", "金额", "Amount"), may("currency", "币种", "Currency"),
        may("state", "状态", "State"), may("ordered_on", "下单日期", "Ordered on"),
        may_key("connection", "CRM 连接", "Connection"),
    ];
    /// Visits and calls.
    Visits = "visits", ManageRecords, [
        key("id", "活动编号", "Visit id"), must("subject", "主题", "Subject"), may("kind", "类型", "Kind"),
        may("account", "客户编号", "Account id"), may("contact", "联系人编号", "Contact id"),
        may("deal", "商机编号", "Deal id"), may("owner", "负责人", "Owner"), must("on", "日期", "Date"),
        may("until", "结束日期", "Until"), may("place", "地点", "Place"), may_key("connection", "CRM 连接", "Connection"),
    ];
    /// Exchange rates: how much of `quote` one `base` is.
    FxRates = "fx-rates", ManageRates, [
        key("on", "公布日期", "Published on"), key("base", "原币", "From"), key("quote", "目标币", "To"),
        must("rate", "汇率", "Rate"), must("source", "来源", "Source"),
    ];
}

impl Kind {
    /// The name of a column in a language; the code itself of what is none, such as `file`.
    pub fn column_name(self, code: &str, zh: bool) -> String {
        let known = self.columns().iter().find(|c| c.code == code);
        known.map_or(code, |c| c.name(zh)).to_owned()
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Kind, Error> {
        Kind::ALL
            .iter()
            .copied()
            .find(|k| k.code() == text)
            .ok_or_else(|| Error::field("kind", "unknown"))
    }
}

impl clap::ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Kind] {
        Kind::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.code()))
    }
}

impl Column {
    /// Whether a file's column of this name is meant.
    pub fn is_called(&self, name: &str) -> bool {
        let name = name.trim().trim_end_matches('*').trim().to_lowercase();
        name == self.code || name == self.zh.to_lowercase() || name == self.en.to_lowercase()
    }

    /// Its name in a language.
    pub fn name(&self, zh: bool) -> &'static str {
        if zh { self.zh } else { self.en }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_two_columns_of_a_kind() {
        for kind in Kind::ALL {
            assert_eq!(kind.code().parse::<Kind>().ok(), Some(*kind));
            for column in kind.columns() {
                for name in [column.code, column.zh, column.en] {
                    let found = kind.columns().iter().filter(|c| c.is_called(name)).count();
                    assert_eq!(found, 1, "{} {name}", kind.code());
                }
            }
        }
    }
}
