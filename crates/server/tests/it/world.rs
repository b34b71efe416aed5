//! A small company on a fresh database, and a client that acts as its people do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::civil::date;
use outlay::app::App;
use outlay::auth::{Permit, password};
use outlay::config::Config;
use outlay::jobs::{Handlers, Pace, Runner};
use outlay::people::store;
use outlay::{args, http, policies};
use outlay_core::Currency;
use outlay_core::ids::{AccountId, CostCenterId, DealId, DepartmentId, EmployeeId, EntityId};
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity, Role};
use serde_json::Value;
use uuid::Uuid;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

/// A running server and its company: 王敏 sells under 陈屿, 赵蓉 is finance, 何静 pays, 安歌 keeps the system, 周审 audits;
/// 总经理 heads everything. Jonas sells for the German entity under Greta.
pub struct World {
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub cn: EntityId,
    pub de: EntityId,
    pub sales: DepartmentId,
    pub account: AccountId,
    pub deal: DealId,
    _folder: tempfile::TempDir,
}

/// Runs `test` on each database there is.
pub fn on_both<F: Future<Output = ()>>(test: impl Fn(World) -> F) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(async {
        test(World::on_sqlite().await).await;
        match std::env::var("OUTLAY_TEST_POSTGRES") {
            Ok(url) => test(World::on_postgres(&url).await).await,
            Err(_) => eprintln!("NOT RUN on PostgreSQL: OUTLAY_TEST_POSTGRES is not set"),
        }
    });
}

/// Makes a database on a PostgreSQL server; its address.
pub async fn own_database(server: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (base, _) = server.rsplit_once('/').expect("a database in the address");
    let admin = sqlx::PgPool::connect(server).await.expect("PostgreSQL");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await
        .expect("created");
    admin.close().await;
    format!("{base}/{name}")
}

impl World {
    pub async fn on_sqlite() -> World {
        World::build(|_| None, true).await
    }

    pub async fn on_postgres(server: &str) -> World {
        let url = own_database(server).await;
        World::build(move |_| Some(url.clone()), true).await
    }

    /// A world of its own on the same kind of database, whose operator allows no folder.
    pub async fn without_files(&self) -> World {
        let server = self
            .app
            .config
            .is_shared()
            .then(|| std::env::var("OUTLAY_TEST_POSTGRES").expect("set"));
        let url = match server {
            Some(server) => Some(own_database(&server).await),
            None => None,
        };
        World::build(move |_| url.clone(), false).await
    }

    async fn build(database: impl Fn(&std::path::Path) -> Option<String>, with_files: bool) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let files = folder.path().join("files");
        std::fs::create_dir(&files).expect("made");
        let config = Config {
            data: folder.path().to_owned(),
            folders: with_files.then_some(files),
            database: database(folder.path()),
            allow_hosts: vec!["127.0.0.1".into()],
            ..Config::default()
        };
        let app = App::open(config).await.expect("opened");
        let world = fill(app, folder).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = http::router(world.app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        World { address, ..world }
    }

    /// The folder below which files are watched and exports written.
    pub fn files(&self) -> &std::path::Path {
        self.app.config.folders.as_deref().expect("set")
    }

    /// The id of a person by the first part of their mail address.
    pub async fn id(&self, who: &str) -> EmployeeId {
        let (id,): (String,) = self
            .app
            .db
            .read()
            .one(
                "SELECT id FROM employee WHERE email = $1",
                args![format!("{who}@example.com")],
            )
            .await
            .expect("known");
        id.parse().expect("an id")
    }

    /// Does the jobs that are due.
    pub async fn work(&self) {
        let handlers = Handlers::ours(&self.app).expect("handlers");
        let runner = Runner::new(self.app.clone(), handlers, Pace::default());
        while runner.pass().await.expect("worked") > 0 {}
    }

    /// Gives somebody a role in all entities.
    pub async fn grant(&self, who: &str, role: Role) {
        let employee = self.id(who).await;
        self.app
            .db
            .write(move |sql| {
                Box::pin(async move {
                    let grant = Grant {
                        employee,
                        role,
                        entity: None,
                    };
                    store::put_grant(sql, &Permit::system("test", "fill"), &grant)
                        .await
                        .map(|_| ())
                })
            })
            .await
            .expect("granted");
    }

    /// Makes people payers of all entities.
    pub async fn grant_payer(&self, who: Vec<EmployeeId>) {
        self.app
            .db
            .write(move |sql| {
                let who = who.clone();
                Box::pin(async move {
                    for employee in who {
                        let grant = Grant {
                            employee,
                            role: Role::Payer,
                            entity: None,
                        };
                        store::put_grant(sql, &Permit::system("test", "fill"), &grant).await?;
                    }
                    Ok(())
                })
            })
            .await
            .expect("granted");
    }

    /// A client with a session of somebody.
    pub async fn as_(&self, who: &str) -> Client {
        let id = self.id(who).await;
        let secret = outlay::auth::session::begin(&self.app, id).await.expect("a session");
        Client {
            base: format!("http://{}", self.address),
            cookie: Some(secret),
            http: Client::http(),
        }
    }

    /// A client of nobody.
    pub fn stranger(&self) -> Client {
        Client {
            base: format!("http://{}", self.address),
            cookie: None,
            http: Client::http(),
        }
    }
}

/// A browser without eyes.
pub struct Client {
    pub base: String,
    pub cookie: Option<String>,
    pub http: reqwest::Client,
}

/// An answer, read whole.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text))
    }

    /// The answer, which must have this status.
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

impl Client {
    fn http() -> reqwest::Client {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.http.post(format!("{}{path}", self.base)).json(&body))
            .await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.http.put(format!("{}{path}", self.base)).json(&body))
            .await
    }

    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.http.post(format!("{}{path}", self.base)).form(fields))
            .await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let mut request = request.header("origin", &self.base);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("outlay_session={cookie}"));
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer {
            status,
            headers,
            text: response.text().await.expect("text"),
        }
    }
}

async fn fill(app: Arc<App>, folder: tempfile::TempDir) -> World {
    let hash = password::hash(PASSWORD.to_owned()).await.expect("hashed");
    let (cn, de) = (EntityId(Uuid::now_v7()), EntityId(Uuid::now_v7()));
    let (all, sales, germany) = (
        DepartmentId(Uuid::now_v7()),
        DepartmentId(Uuid::now_v7()),
        DepartmentId(Uuid::now_v7()),
    );
    let (account, deal) = (AccountId(Uuid::now_v7()), DealId(Uuid::now_v7()));
    app.db
        .write(move |sql| {
            let hash = hash.clone();
            Box::pin(async move {
                let permit = Permit::system("test", "fill");
                let permit = &permit;
                let from = date(2020, 1, 1);
                for (id, code, name, country, currency, zone) in [
                    (cn, "CN01", "澜石科技（北京）有限公司", "CN", Currency::CNY, "Asia/Shanghai"),
                    (de, "DE01", "Lanstone GmbH", "DE", Currency::EUR, "Europe/Berlin"),
                ] {
                    let (code, name) = (code.to_owned(), name.to_owned());
                    let entity = LegalEntity { id, code, name, country: country.into(), currency, zone: zone.into() };
                    store::put_entity(sql, permit, &entity).await?;
                    let center = CostCenter {
                        id: CostCenterId(Uuid::now_v7()),
                        code: format!("{country}-SALES"),
                        name: "Sales".into(),
                        entity: id,
                        owner: None,
                    };
                    store::put_cost_center(sql, permit, &center).await?;
                }
                let mut ids = std::collections::HashMap::new();
                let people = [
                    ("boss", "总经理", all, cn, "总经理", "M3"),
                    ("chen", "陈屿", sales, cn, "销售总监", "M1"),
                    ("wang", "王敏", sales, cn, "销售", "P6"),
                    ("li", "李哲", sales, cn, "销售", "P5"),
                    ("zhao", "赵蓉", all, cn, "财务", "P7"),
                    ("he", "何静", all, cn, "出纳", "P5"),
                    ("ange", "安歌", all, cn, "系统管理员", "P6"),
                    ("ops", "孙可", sales, cn, "销售运营", "P5"),
                    ("audit", "周审", all, cn, "内审", "P7"),
                    ("greta", "Greta Brandt", germany, de, "Country manager", "M1"),
                    ("jonas", "Jonas Weber", germany, de, "Account manager", "P5"),
                ];
                for (n, (who, name, department, entity, position, grade)) in people.into_iter().enumerate() {
                    let id = EmployeeId(Uuid::now_v7());
                    ids.insert(who, id);
                    let employee = Employee {
                        id,
                        number: format!("E{n:03}"),
                        name: name.into(),
                        email: format!("{who}@example.com"),
                        locale: if entity == cn { "zh-CN".into() } else { "en".into() },
                        active: true,
                    };
                    store::put_employee(sql, permit, &employee).await?;
                    store::put_password(sql, permit, id, &hash).await?;
                    let _ = (department, position, grade);
                }
                for (id, code, name, parent, head) in [
                    (all, "ALL", "澜石", None, "boss"),
                    (sales, "SALES", "华东销售部", Some(all), "chen"),
                    (germany, "DE", "Germany", Some(all), "greta"),
                ] {
                    let department = Department {
                        id,
                        code: code.into(),
                        name: name.into(),
                        parent,
                        head: ids.get(head).copied(),
                        from,
                        to: None,
                    };
                    store::put_department(sql, permit, &department).await?;
                }
                for (who, _, department, entity, position, grade) in people {
                    let assignment = Assignment {
                        employee: ids[who],
                        department,
                        entity,
                        cost_center: None,
                        position: position.into(),
                        grade: grade.into(),
                        primary: true,
                        from,
                        to: None,
                    };
                    store::put_assignment(sql, permit, &assignment).await?;
                }
                for (who, role) in [
                    ("zhao", Role::Finance),
                    ("he", Role::Payer),
                    ("ange", Role::Admin),
                    ("ops", Role::SalesOps),
                    ("audit", Role::Auditor),
                ] {
                    store::put_grant(sql, permit, &Grant { employee: ids[who], role, entity: None }).await?;
                }
                policies::publish_policy(sql, permit, cn, outlay_core::policy::CN_STANDARD).await?;
                policies::publish_policy(sql, permit, de, outlay_core::policy::DE_STANDARD).await?;
                for entity in [cn, de] {
                    policies::publish_flow(sql, permit, entity, from, outlay_core::flow::STANDARD).await?;
                }
                sql.run(
                    "INSERT INTO account (id, external_id, revision, read_at, deleted, name, tax_id, city, country, phone, owner_id) \
                     VALUES ($1, 'ACC-1', '1', 0, $2, '恒川精密', '', '上海', 'CN', '', $3)",
                    args![account, false, ids["wang"]],
                )
                .await?;
                sql.run(
                    "INSERT INTO deal (id, external_id, revision, read_at, deleted, name, account_id, owner_id, stage, \
                     stage_kind, amount_minor, currency) VALUES ($1, 'OPP-1', '1', 0, $2, '产线检测二期', $3, $4, \
                     '方案确认', 'open', 128000000, 'CNY')",
                    args![deal, false, account, ids["wang"]],
                )
                .await?;
                Ok(())
            })
        })
        .await
        .expect("filled");
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    World {
        app,
        address,
        cn,
        de,
        sales,
        account,
        deal,
        _folder: folder,
    }
}
