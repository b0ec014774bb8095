//! Show pictures, tables and documents in the cell, where it is granted (`--display`): for Zig guests.
//!
//!     const display = @import("ssvm_display");
//!     display.csv("fruit,weight\napple,120\n") catch |refusal| std.debug.print("no table: {}\n", .{refusal});
//!
//! What is printed stays text.

extern "ssvm_display" fn show(mime: [*]const u8, mime_len: u32, data: [*]const u8, data_len: u32) i32;

/// Why something is not shown.
pub const Refusal = error{ NotGranted, UnknownType, TooMuch, Unusable };

/// Show data of any of the types, by its MIME type.
pub fn mime(kind: []const u8, data: []const u8) Refusal!void {
    return switch (show(kind.ptr, @intCast(kind.len), data.ptr, @intCast(data.len))) {
        0 => {},
        1 => error.NotGranted,
        2 => error.UnknownType,
        3 => error.TooMuch,
        else => error.Unusable,
    };
}

/// Show a picture.
pub fn png(data: []const u8) Refusal!void {
    return mime("image/png", data);
}

/// Show a drawing, as an image.
pub fn svg(text: []const u8) Refusal!void {
    return mime("image/svg+xml", text);
}

/// Show a table; the first line names the columns.
pub fn csv(text: []const u8) Refusal!void {
    return mime("text/csv", text);
}

/// Show JSON.
pub fn json(text: []const u8) Refusal!void {
    return mime("application/json", text);
}

/// Show Markdown, without HTML and links.
pub fn markdown(text: []const u8) Refusal!void {
    return mime("text/markdown", text);
}

/// Show HTML in a frame without scripts, forms and links.
pub fn html(text: []const u8) Refusal!void {
    return mime("text/html", text);
}
