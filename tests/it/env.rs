//! `tsm env`
