//! `tsm kill`
