//! A watched folder with files that were taken – one with rows to mend, and the same again under another name – and an export
//! that is written each night.

use std::sync::Arc;

use super::email;
use crate::app::App;
use crate::args;
use crate::error::Error;
use crate::exports::{self, NewExport};
use crate::folders::{self, NewFolder};
use crate::import::{Format, Kind};
use crate::people::stored;

/// The watched folder.
const WATCHED: &str = "crm/contacts";

/// Sets them up, and has them work once. Does nothing where no folder is allowed.
pub async fn files(app: &Arc<App>) -> Result<(), Error> {
    let Some(root) = app.config.folders.clone() else {
        return Ok(());
    };
    let mut sql = app.db.read();
    let (ange,): (String,) = sql
        .one("SELECT id FROM employee WHERE email = $1", args![email("ange")])
        .await?;
    let permit = folders::permit_of(app, &mut sql, stored(&ange)?, Kind::Contacts.action()).await?;
    let new = NewFolder {
        path: WATCHED.to_owned(),
        kind: Kind::Contacts,
    };
    let id = folders::save(app, permit, new).await?;
    let table = contacts(app).await?;
    for name in ["contacts-monday.csv", "contacts-monday (1).csv"] {
        std::fs::write(root.join(WATCHED).join(name), &table)?;
        for _ in 0..2 {
            folders::look(app, &id).await?;
        }
    }
    let permit = folders::permit_of(app, &mut sql, stored(&ange)?, Kind::Deals.action()).await?;
    let new = NewExport {
        path: "exports/nightly".to_owned(),
        kinds: vec![Kind::Accounts, Kind::Deals],
        format: Format::Csv,
        every_hours: None,
        daily_at: Some("02:00".to_owned()),
        entity: None,
    };
    let id = exports::save(app, permit, new).await?;
    exports::run_now(app, &id).await
}

/// Contacts as another system exports them, two of them at customers that are not there.
async fn contacts(app: &App) -> Result<String, Error> {
    const PEOPLE: [(&str, &str, &str); 6] = [
        ("韩雪", "采购经理", "hanxue"),
        ("Petra Lang", "Einkauf", "lang"),
        ("罗毅", "设备主管", "luoyi"),
        ("高洁", "财务", "gaojie"),
        ("Tom Becker", "Werksleiter", "becker"),
        ("魏然", "总工", "weiran"),
    ];
    let mut sql = app.db.read();
    let known: Vec<(String,)> = sql
        .all_built(
            format!(
                "SELECT external_id FROM account WHERE deleted = $1 ORDER BY external_id LIMIT {}",
                PEOPLE.len() - 2
            ),
            args![false],
        )
        .await?;
    let mut table = "联系人编号,姓名,职务,客户编号,邮箱\n".to_owned();
    for (n, (name, title, mail)) in PEOPLE.into_iter().enumerate() {
        let account = known.get(n).map_or("ACC-0000", |(id,)| id.as_str());
        table.push_str(&format!("ERP-{n},{name},{title},{account},{mail}@customer.example\n"));
    }
    Ok(table)
}
