//! `tsm list`
