//! `tsm patrol`
