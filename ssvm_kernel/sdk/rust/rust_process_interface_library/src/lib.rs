//! Run programs on the host, where the person who runs the guest allows it.
//!
//! ```no_run
//! use rust_process_interface_library::Command;
//!
//! let output = Command::new("git").arg("status").output();
//! println!("{}: {}", output.status, String::from_utf8_lossy(&output.stdout));
//! ```
//!
//! The public items are those of the crate `rust_process_interface_library` 0.1.3 (and, under their names, of
//! `ssvm_process_interface` and `wasmedge_process_interface`), so that guests written for them compile as they are.

mod command;
mod output;

#[cfg(not(feature = "wasmedge"))]
pub mod ssvm_process;
#[cfg(feature = "wasmedge")]
pub mod wasmedge_process;

pub use command::Command;
pub use output::Output;
