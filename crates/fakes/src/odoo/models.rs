//! The models that the fake has, with their fields, and what it holds from the start.

use serde_json::{Value, json};

use super::db::{Db, Field, Model};

/// Model by model: the fields, each `name:kind` or `name:kind/relation`.
const MODELS: &[(&str, &str)] = &[
    ("res.currency", "name:char active:boolean"),
    ("res.country", "name:char code:char"),
    ("res.partner.industry", "name:char"),
    (
        "res.users",
        "name:char login:char email:char active:boolean share:boolean partner_id:many2one/res.partner",
    ),
    (
        "res.partner",
        "name:char ref:char vat:char country_id:many2one/res.country country_code:char city:char \
         user_id:many2one/res.users phone:char email:char website:char function:char \
         industry_id:many2one/res.partner.industry is_company:boolean type:char parent_id:many2one/res.partner \
         commercial_partner_id:many2one/res.partner partner_share:boolean ref_company_ids:many2many/res.company \
         active:boolean comment:html",
    ),
    ("res.company", "name:char partner_id:many2one/res.partner"),
    ("crm.team", "name:char"),
    (
        "crm.stage",
        "name:char is_won:boolean sequence:integer team_ids:many2many/crm.team",
    ),
    (
        "crm.lead",
        "name:char type:char stage_id:many2one/crm.stage won_status:char active:boolean \
         partner_id:many2one/res.partner user_id:many2one/res.users team_id:many2one/crm.team \
         expected_revenue:monetary company_currency:many2one/res.currency probability:float date_closed:datetime \
         date_deadline:date",
    ),
    ("project.project.stage", "name:char"),
    (
        "project.project",
        "name:char active:boolean partner_id:many2one/res.partner user_id:many2one/res.users \
         stage_id:many2one/project.project.stage last_update_status:char",
    ),
    (
        "sale.order",
        "name:char partner_id:many2one/res.partner opportunity_id:many2one/crm.lead amount_total:monetary \
         currency_id:many2one/res.currency state:char date_order:datetime",
    ),
    ("calendar.event.type", "name:char"),
    (
        "calendar.event",
        "name:char active:boolean start:datetime stop:datetime start_date:date stop_date:date location:char \
         user_id:many2one/res.users opportunity_id:many2one/crm.lead partner_ids:many2many/res.partner \
         categ_ids:many2many/calendar.event.type",
    ),
    (
        "mail.message",
        "model:char res_id:integer body:html message_type:char author_id:many2one/res.partner",
    ),
    (
        "mail.activity",
        "res_model:char res_id:integer summary:char note:html date_deadline:date user_id:many2one/res.users active:boolean",
    ),
    ("ir.model", "model:char name:char"),
    (
        "ir.model.fields",
        "name:char field_description:char model_id:many2one/ir.model ttype:char state:char relation:char \
         currency_field:char on_delete:char",
    ),
];

impl Db {
    /// Adds all models, and the records that every Odoo has: currencies, one company, its administrator (user 2),
    /// stages (1 New, 2 Qualified, 3 Won) and tags of meetings.
    pub(super) fn furnish(&mut self) {
        for (name, fields) in MODELS {
            let mut model = Model::default();
            for field in fields.split_whitespace() {
                let (field, kind) = field.split_once(':').expect("a kind");
                model.fields.insert(field.into(), Field::of(kind));
            }
            for (field, kind) in [
                ("id", "integer"),
                ("write_date", "datetime"),
                ("create_date", "datetime"),
            ] {
                model.fields.insert(field.into(), Field::of(kind));
            }
            self.models.insert((*name).into(), model);
        }
        if self.version < 19 {
            for (model, field) in [("crm.lead", "won_status"), ("crm.stage", "team_ids")] {
                self.model(model).fields.remove(field);
            }
            self.model("res.partner")
                .fields
                .insert("mobile".into(), Field::of("char"));
            self.model("crm.stage")
                .fields
                .insert("team_id".into(), Field::of("many2one/crm.team"));
        }
        for code in ["CNY", "EUR", "USD"] {
            self.add("res.currency", json!({ "name": code, "active": true }));
        }
        self.add("res.country", json!({ "name": "China", "code": "CN" }));
        self.add("res.partner.industry", json!({ "name": "制造业" }));
        let own = self.add("res.partner", json!({ "name": "Our Company", "is_company": true }));
        self.add("res.company", json!({ "name": "Our Company", "partner_id": own }));
        self.model("res.partner")
            .rows
            .get_mut(&own)
            .expect("a row")
            .insert("ref_company_ids".into(), json!([1]));
        self.add_user("OdooBot", "__system__");
        self.add_user("王芳", "wang.fang");
        for (name, won, at) in [("新商机", false, 1), ("已确认", false, 2), ("赢单", true, 3)] {
            self.add("crm.stage", json!({ "name": name, "is_won": won, "sequence": at }));
        }
        for name in ["Customer Meeting", "客户拜访"] {
            self.add("calendar.event.type", json!({ "name": name }));
        }
        for (name, _) in MODELS {
            self.add("ir.model", json!({ "model": name, "name": name }));
        }
    }

    /// Adds an internal user with the person's own partner; gives the user's id.
    pub fn add_user(&mut self, name: &str, login: &str) -> i64 {
        let partner = self.add("res.partner", json!({ "name": name, "parent_id": 1 }));
        self.add(
            "res.users",
            json!({ "name": name, "login": login, "email": format!("{login}@example.com"), "partner_id": partner }),
        )
    }
}

/// What a field holds when nothing was given at creation.
pub fn default(model: &str, field: &str) -> Value {
    match (model, field) {
        (_, "active") => json!(true),
        ("res.partner", "type") => json!("contact"),
        ("crm.lead", "type") => json!("opportunity"),
        ("crm.lead", "stage_id" | "company_currency") | ("sale.order", "currency_id") => json!(1),
        ("crm.lead", "probability") => json!(10.0),
        ("sale.order", "state") => json!("draft"),
        _ => json!(false),
    }
}
