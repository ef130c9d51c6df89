//! `tsm delete`
