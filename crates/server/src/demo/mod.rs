//! The demo: a believable company, its customers and a year of claims, made up from a seed. Every claim goes through
//! the same decide and commit as a real one, with the clock set back.

mod calendar;
mod chance;
mod company;
mod crm;
mod evidence;
mod files;
mod kinds;
mod life;
mod money;
mod rates;
mod story;
mod tour;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{Span, Timestamp};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::args;
use crate::auth::{Permit, password};
use crate::claims::EVENTS;
use crate::clock;
use crate::error::Error;
use crate::files::Files;
use crate::live;
use chance::Chance;
use company::{Company, Person};
use crm::Crm;
use life::Due;
use rates::Rates;
use story::{Stage, Story};

pub use files::files;

/// Everybody's password.
pub const PASSWORD: &str = "lanstone-demo";

/// Most claims of one transaction.
const GROUP: usize = 100;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The same seed gives the same company.
    pub seed: u64,
    /// How many claims.
    pub claims: usize,
    /// The moment up to which time has gone.
    pub now: Timestamp,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Claims, also the few that the tour needs.
    pub claims: usize,
    /// Receipts.
    pub receipts: usize,
    /// Batches of payments.
    pub batches: usize,
}

/// Who may log in, with what they are, for people who try the demo.
pub const LOG_INS: [(&str, &str); 11] = [
    ("wang", "王敏  销售 sales, CN01"),
    ("chen", "陈屿  审批 approver, CN01"),
    ("zhao", "赵蓉  财务 finance, CN01"),
    ("he", "何静  出纳 payer, CN01"),
    ("sun", "孙可  销售运营 sales operations"),
    ("ange", "安歌  管理员 administrator"),
    ("zhou", "周岚  内审 auditor"),
    ("jonas", "Jonas Weber    sales, DE01"),
    ("katrin", "Katrin Vogel   approver, DE01"),
    ("ute", "Ute Lorenz     finance, DE01"),
    ("nils", "Nils Petersen  payer, DE01"),
];

/// The mail address of a key of [`LOG_INS`].
pub fn email(key: &str) -> String {
    format!("{key}@lanstone.example")
}

/// Makes the company in an empty database; `progress` hears how many claims are done.
pub async fn make(app: &Arc<App>, plan: Plan, progress: impl Fn(usize)) -> Result<Made, Error> {
    let mut chance = Chance::new(plan.seed);
    let today = clock::day(plan.now, "Asia/Shanghai");
    let since = calendar::later(plan.now, -400 * 24);
    let company = Company::invent(&mut chance.fork(), since)?;
    let crm = Crm::invent(&mut chance.fork(), &company, today);
    let rates = Rates::invent(&mut chance.fork(), today);
    let stage = Arc::new(Stage { company, crm, rates });
    ground(app, &stage, chance.fork(), since, plan.now).await?;

    let mut maker = Maker {
        app,
        files: Files::open_unsynced(&app.config.data.join("documents"))?,
        now: plan.now,
        waiting: Vec::new(),
        living: None,
        due: Vec::new(),
        receipts: 0,
    };
    let weighed = weigh(&stage.company);
    for n in 0..plan.claims {
        let mut chance = chance.fork();
        let person = *chance.pick(&weighed);
        let at = moment(&mut chance, plan, n, &stage, person);
        let number = u64::try_from(n).unwrap_or(0) + 1;
        maker
            .add(story::Writer::new(&stage, person, chance, at, number).any()?)
            .await?;
        if (n + 1) % 1_000 == 0 {
            progress(n + 1);
        }
    }
    let tour = tour::stories(&stage, &mut chance, plan)?;
    let claims = plan.claims + tour.len();
    for story in tour {
        maker.add(story).await?;
    }
    maker.flush().await?;
    maker.wait().await?;
    let claims = claims + tour::propose(app, &stage, plan).await?;
    let (due, receipts) = (maker.due, maker.receipts);
    let batches = money::pay(app, &stage.company, due, &mut chance, plan.now).await?;
    settle(app).await?;
    Ok(Made {
        claims,
        receipts,
        batches,
    })
}

/// Organisation, rules, rates, customers and accounts.
async fn ground(
    app: &Arc<App>,
    stage: &Arc<Stage>,
    chance: Chance,
    since: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let hash = password::hash(PASSWORD.to_owned()).await?;
    let (shared, set) = (app.clone(), stage.clone());
    app.db
        .write(move |sql| {
            let (app, stage, hash, mut chance) = (shared.clone(), set.clone(), hash.clone(), chance.clone());
            Box::pin(clock::at(since, async move {
                let there: Vec<(String,)> = sql.all("SELECT id FROM legal_entity", args![]).await?;
                if !there.is_empty() {
                    return Err(Error::Broken(
                        "the database holds a company already: choose an empty folder".into(),
                    ));
                }
                let permit = Permit::system("demo", "makeDemo");
                stage.company.store(sql, &permit, &hash).await?;
                stage.rates.store(sql).await?;
                stage.crm.store(sql, &stage.company, now).await?;
                money::accounts(sql, &app, &stage.company, &mut chance, since).await?;
                for person in &stage.company.people {
                    app.vault.subject(sql, &person.id.to_string(), EVENTS).await?;
                }
                Ok(())
            }))
        })
        .await?;
    let mut sql = app.db.read();
    for person in &stage.company.people {
        app.vault.warm(&mut sql, &person.id.to_string(), EVENTS).await?;
    }
    Ok(())
}

/// Everybody who claims, as often as they claim. The head of the firm has nobody above, and payers would pay themselves.
fn weigh(company: &Company) -> Vec<&Person> {
    let often = |p: &Person| match p.key.as_str() {
        "shen" => 0,
        _ if p.roles.contains("payer") => 0,
        "wang" | "jonas" => 9,
        _ if p.sells() => 5,
        _ if p.department_code.starts_with("LS.T") || p.department_code.starts_with("LS.E.D") => 3,
        _ => 1,
    };
    company
        .people
        .iter()
        .flat_map(|p| std::iter::repeat_n(p, often(p)))
        .collect()
}

/// When the n-th claim is drafted: evenly over the year that ends the day before.
fn moment(chance: &mut Chance, plan: Plan, n: usize, stage: &Stage, person: &Person) -> Timestamp {
    let zone = stage.company.firms[person.firm].zone;
    let ago = 360 - i64::try_from(n * 360 / plan.claims.max(1)).unwrap_or(0);
    let day = clock::day(plan.now, zone).saturating_sub(Span::new().days(ago));
    calendar::office_hour(chance, calendar::workday(day), zone)
}

/// What already happened needs no mail and no write-back, and its events are numbered.
async fn settle(app: &Arc<App>) -> Result<(), Error> {
    app.db
        .write(|sql| {
            Box::pin(async move {
                live::number_all(sql).await?;
                sql.run("DELETE FROM job", args![]).await?;
                Ok(())
            })
        })
        .await
}

/// Lives stories, many in one transaction, while the next ones are written.
struct Maker<'a> {
    app: &'a Arc<App>,
    files: Files,
    now: Timestamp,
    waiting: Vec<Story>,
    living: Option<JoinHandle<Result<Vec<Due>, Error>>>,
    due: Vec<Due>,
    receipts: usize,
}

impl Maker<'_> {
    async fn add(&mut self, story: Story) -> Result<(), Error> {
        self.waiting.push(story);
        if self.waiting.len() == GROUP {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// Lets those waiting live, once those before have.
    async fn flush(&mut self) -> Result<(), Error> {
        let mut stories = std::mem::take(&mut self.waiting);
        for receipt in stories.iter_mut().flat_map(|s| &mut s.receipts) {
            receipt.keep(self.app, &self.files).await?;
            self.receipts += 1;
        }
        self.wait().await?;
        self.living = Some(tokio::spawn(live_all(self.app.clone(), stories, self.now)));
        Ok(())
    }

    async fn wait(&mut self) -> Result<(), Error> {
        if let Some(living) = self.living.take() {
            let due = living.await.map_err(|e| Error::Broken(e.to_string()))?;
            self.due.extend(due?);
        }
        Ok(())
    }
}

async fn live_all(app: Arc<App>, stories: Vec<Story>, now: Timestamp) -> Result<Vec<Due>, Error> {
    let (shared, stories) = (app.clone(), Arc::new(stories));
    let failed = Arc::new(AtomicUsize::new(0));
    let at = failed.clone();
    app.db
        .write(move |sql| {
            let (app, stories, at) = (shared.clone(), stories.clone(), at.clone());
            Box::pin(async move {
                let mut due = Vec::new();
                for (n, story) in stories.iter().enumerate() {
                    at.store(n, Ordering::Relaxed);
                    due.extend(life::live(sql, &app, story, now).await?);
                }
                Ok(due)
            })
        })
        .await
        .inspect_err(|_| tracing::error!(story = failed.load(Ordering::Relaxed), "a demo claim was refused"))
}
