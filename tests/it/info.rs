//! `tsm info`
