//! The integration suite: each test runs on SQLite, and on PostgreSQL where `OUTLAY_TEST_POSTGRES` names a server.

mod auth;
mod cli;
mod crm;
mod demo;
mod idempotency;
mod jobs;
mod kill;
mod life;
mod live;
mod mail;
mod openapi;
mod payee;
mod payments;
mod rights;
mod seed;
mod tokens;
mod world;
