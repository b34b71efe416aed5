//! The integration suite: each test runs on SQLite, and on PostgreSQL where `OUTLAY_TEST_POSTGRES` names a server.

mod auth;
mod crm;
mod life;
mod rights;
mod seed;
mod world;
