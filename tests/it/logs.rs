//! `tsm logs`
