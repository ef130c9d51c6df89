//! `tsm cleanup`
