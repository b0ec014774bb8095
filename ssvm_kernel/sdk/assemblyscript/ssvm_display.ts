// Show pictures, tables and documents in the cell, where it is granted (--display).
//
//   import { csv, SHOWN } from "ssvm_display";
//
//   if (csv("fruit,weight\napple,120\n") != SHOWN) console.log("no table");
//
// What is printed stays text.

@external("ssvm_display", "show")
declare function show(type: usize, typeSize: u32, data: usize, size: u32): i32;

/** It is in the cell. */
export const SHOWN: i32 = 0;
/** Nothing but text was granted. */
export const NOT_GRANTED: i32 = 1;
/** No such type is shown. */
export const UNKNOWN_TYPE: i32 = 2;
/** It is too large, or there was too much before it. */
export const TOO_MUCH: i32 = 3;
/** It is not what its type says. */
export const UNUSABLE: i32 = 4;

/** Show bytes of any of the types, by its MIME type; returns one of the above. */
export function mime(type: string, data: Uint8Array): i32 {
  const name = String.UTF8.encode(type);
  return show(changetype<usize>(name), name.byteLength, data.dataStart, data.length);
}

function text(type: string, content: string): i32 {
  return mime(type, Uint8Array.wrap(String.UTF8.encode(content)));
}

/** Show a picture. */
export function png(data: Uint8Array): i32 {
  return mime("image/png", data);
}

/** Show a drawing, as an image. */
export function svg(content: string): i32 {
  return text("image/svg+xml", content);
}

/** Show a table; the first line names the columns. */
export function csv(content: string): i32 {
  return text("text/csv", content);
}

/** Show JSON. */
export function json(content: string): i32 {
  return text("application/json", content);
}

/** Show Markdown, without HTML and links. */
export function markdown(content: string): i32 {
  return text("text/markdown", content);
}

/** Show HTML in a frame without scripts, forms and links. */
export function html(content: string): i32 {
  return text("text/html", content);
}
