//! Beginning a company, and keeping log-ins from the machine itself.

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use outlay_core::Currency;
use outlay_core::ids::{DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Assignment, Department, Employee, Grant, LegalEntity, Role};
use uuid::Uuid;

use super::{lock, say};
use crate::app::App;
use crate::args;
use crate::auth::{Permit, password};
use crate::clock;
use crate::config::Config;
use crate::error::Error;
use crate::people::store;
use crate::policies;

/// The first legal entity and administrator.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  printf 'a long password\\n' | outlay init --code CN01 --name '澜石科技（北京）有限公司' --country CN \\\n    \
    --currency CNY --zone Asia/Shanghai --admin-name 安歌 --admin-email ange@example.com\n\n\
    Reads the administrator's password from standard input. Gives the entity the standard approval flow, and in CNY or EUR the \
    standard policy; everything else is entered or imported in the pages."
)]
pub struct Init {
    /// Short code of the legal entity, as in files
    #[arg(long)]
    code: String,
    /// Its registered name
    #[arg(long)]
    name: String,
    /// ISO 3166 country, two letters
    #[arg(long)]
    country: String,
    /// ISO 4217 currency of its books
    #[arg(long)]
    currency: String,
    /// IANA time zone
    #[arg(long)]
    zone: String,
    /// Name of the administrator
    #[arg(long)]
    admin_name: String,
    /// Mail address by which they log in
    #[arg(long)]
    admin_email: String,
}

/// Keeping log-ins.
#[derive(clap::Subcommand)]
pub enum User {
    /// Set somebody's password, read from standard input; ends their sessions
    #[command(after_help = "Example: printf 'a long password\\n' | outlay user password wang@example.com")]
    Password {
        /// Their mail address
        email: String,
    },
}

/// Makes entity and administrator in an empty database.
pub async fn init(config: Config, options: &Init) -> Result<()> {
    let currency = Currency::parse(&options.currency).context("--currency")?;
    TimeZone::get(&options.zone).context("--zone")?;
    if options.country.len() != 2 || !options.country.bytes().all(|b| b.is_ascii_uppercase()) {
        bail!("--country: write two capital letters, such as CN");
    }
    let email = options.admin_email.trim().to_lowercase();
    if email.split('@').filter(|part| !part.is_empty()).count() != 2 {
        bail!("--admin-email: write an address, such as ange@example.com");
    }
    let _lock = lock::take(&config)?;
    let hash = read_password().await?;
    let app = App::open(config).await?;
    let today = clock::day(clock::now(), &options.zone);
    let entity = LegalEntity {
        id: EntityId(Uuid::now_v7()),
        code: options.code.trim().into(),
        name: options.name.trim().into(),
        country: options.country.clone(),
        currency,
        zone: options.zone.clone(),
    };
    let admin = Employee {
        id: EmployeeId(Uuid::now_v7()),
        number: "1".into(),
        name: options.admin_name.trim().into(),
        email: email.clone(),
        locale: if options.country == "CN" { "zh-CN" } else { "en" }.into(),
        active: true,
    };
    let top = Department {
        id: DepartmentId(Uuid::now_v7()),
        code: options.code.trim().into(),
        name: options.name.trim().into(),
        parent: None,
        head: None,
        from: today,
        to: None,
    };
    let has_policy = app
        .db
        .write(move |sql| {
            let (entity, admin, top, hash) = (entity.clone(), admin.clone(), top.clone(), hash.clone());
            Box::pin(async move {
                let there: Vec<(String,)> = sql.all("SELECT id FROM legal_entity", args![]).await?;
                if !there.is_empty() {
                    return Err(Error::Broken(
                        "there is a company already: add entities and people in its settings".into(),
                    ));
                }
                let permit = Permit::system("init", "init");
                store::put_entity(sql, &permit, &entity).await?;
                store::put_employee(sql, &permit, &admin).await?;
                store::put_password(sql, &permit, admin.id, &hash).await?;
                store::put_department(sql, &permit, &top).await?;
                let assignment = Assignment {
                    employee: admin.id,
                    department: top.id,
                    entity: entity.id,
                    cost_center: None,
                    position: "Administrator".into(),
                    grade: "P5".into(),
                    primary: true,
                    from: today,
                    to: None,
                };
                store::put_assignment(sql, &permit, &assignment).await?;
                store::put_grant(
                    sql,
                    &permit,
                    &Grant {
                        employee: admin.id,
                        role: Role::Admin,
                        entity: None,
                    },
                )
                .await?;
                policies::give_standard(sql, &permit, &entity, today).await
            })
        })
        .await?;
    say(format_args!(
        "made {} and the administrator {email}; now run `outlay serve`",
        options.code
    ));
    if !has_policy {
        say(format_args!(
            "there is no standard policy in {currency}: publish one before the first claim",
            currency = options.currency
        ));
    }
    Ok(())
}

/// Carries out `outlay user …`.
pub async fn user(config: Config, command: &User) -> Result<()> {
    let User::Password { email } = command;
    let email = email.trim().to_lowercase();
    let _lock = lock::take(&config)?;
    let app = App::open(config).await?;
    let row: Option<(String,)> = app
        .db
        .read()
        .maybe("SELECT id FROM employee WHERE email = $1", args![&email])
        .await
        .map_err(Error::from)?;
    let Some((id,)) = row else {
        bail!("nobody has the mail address {email}")
    };
    let id: EmployeeId = id.parse().context("employee id")?;
    let hash = read_password().await?;
    app.db
        .write(move |sql| {
            let hash = hash.clone();
            Box::pin(async move { store::put_password(sql, &Permit::system("cli", "setPassword"), id, &hash).await })
        })
        .await?;
    say(format_args!("the password of {email} is set"));
    Ok(())
}

/// The hash of the first line of standard input.
async fn read_password() -> Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.chars().count() < password::MIN_LENGTH {
        bail!(
            "the password on standard input must have at least {} characters",
            password::MIN_LENGTH
        );
    }
    Ok(password::hash(line.to_owned()).await?)
}
