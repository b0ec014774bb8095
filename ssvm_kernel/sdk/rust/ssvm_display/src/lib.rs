//! Show pictures, tables and documents in the cell, where the person who runs the guest grants it (`--display`).
//!
//! ```no_run
//! if let Err(refusal) = ssvm_display::csv("fruit,weight\napple,120\n") {
//!     eprintln!("no table: {refusal}");
//! }
//! ```
//!
//! What is printed stays text.

use std::fmt;

#[link(wasm_import_module = "ssvm_display")]
extern "C" {
    fn show(mime: *const u8, mime_len: u32, data: *const u8, data_len: u32) -> i32;
}

/// Why something is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing but text was granted.
    NotGranted,
    /// No such type is shown.
    UnknownType,
    /// It is too large, or there was too much before it.
    TooMuch,
    /// It is not what its type says.
    Unusable,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Refusal::NotGranted => "nothing but text was granted (--display)",
            Refusal::UnknownType => "no such type is shown",
            Refusal::TooMuch => "it is too large, or there was too much before it",
            Refusal::Unusable => "it is not what its type says",
        })
    }
}

impl std::error::Error for Refusal {}

/// Shows data of any of the types, by its MIME type.
pub fn mime(mime: &str, data: &[u8]) -> Result<(), Refusal> {
    match unsafe { show(mime.as_ptr(), mime.len() as u32, data.as_ptr(), data.len() as u32) } {
        0 => Ok(()),
        1 => Err(Refusal::NotGranted),
        2 => Err(Refusal::UnknownType),
        3 => Err(Refusal::TooMuch),
        _ => Err(Refusal::Unusable),
    }
}

/// Shows a picture.
pub fn png(data: &[u8]) -> Result<(), Refusal> {
    mime("image/png", data)
}

/// Shows a drawing, as an image.
pub fn svg(text: &str) -> Result<(), Refusal> {
    mime("image/svg+xml", text.as_bytes())
}

/// Shows a table; the first line names the columns.
pub fn csv(text: &str) -> Result<(), Refusal> {
    mime("text/csv", text.as_bytes())
}

/// Shows JSON.
pub fn json(text: &str) -> Result<(), Refusal> {
    mime("application/json", text.as_bytes())
}

/// Shows Markdown, without HTML and links.
pub fn markdown(text: &str) -> Result<(), Refusal> {
    mime("text/markdown", text.as_bytes())
}

/// Shows HTML in a frame without scripts, forms and links.
pub fn html(text: &str) -> Result<(), Refusal> {
    mime("text/html", text.as_bytes())
}
