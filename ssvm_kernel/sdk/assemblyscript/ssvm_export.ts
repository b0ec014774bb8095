// Functions that Python calls with texts, bytes and arrays.
//
//   import { text, textAt, listAt } from "ssvm_export";
//   export { ssvm_alloc, ssvm_free } from "ssvm_export";
//
//   //ssvm:export greet(name: string) -> string
//   export function greet(name: usize, size: u32): u64 {
//     return text("hello " + textAt(name, size));
//   }
//
//   //ssvm:export mean(values: [f64]) -> f64
//   export function mean(values: usize, count: u32): f64 {
//     return listAt<f64>(values, count).reduce((sum, value) => sum + value, 0.0) / count;
//   }
//
// In Python: ssvm["NAME"].mean([1, 2, 3]). The comment is what Python knows of the function. The types are i8 to i64, u8
// to u64, f32, f64, bool; string (UTF-8), bytes, and lists of numbers such as [f64]. Each of the latter comes as an address
// and how many elements there are, and goes as a u64 that one of the functions below gives.

/** By this the caller gets memory. */
export function ssvm_alloc(size: u32): usize {
  return heap.alloc(max<u32>(size, 1));
}

/** By this the caller gives it back. */
export function ssvm_free(at: usize, size: u32): void {
  heap.free(at);
}

function give(from: usize, size: u32, count: u32): u64 {
  const at = ssvm_alloc(size);
  memory.copy(at, from, size);
  return ((at as u64) << 32) | (count as u64);
}

/** Return a text. */
export function text(content: string): u64 {
  const encoded = String.UTF8.encode(content);
  return give(changetype<usize>(encoded), encoded.byteLength, encoded.byteLength);
}

/** Return bytes. */
export function bytes(data: Uint8Array): u64 {
  return give(data.dataStart, data.length, data.length);
}

/** Return a list of numbers. */
export function list<T extends number>(items: Array<T>): u64 {
  return give(items.dataStart, (items.length * sizeof<T>()) as u32, items.length);
}

/** The text of an argument. */
export function textAt(at: usize, size: u32): string {
  return String.UTF8.decodeUnsafe(at, size);
}

/** The list of an argument. */
export function listAt<T extends number>(at: usize, count: u32): Array<T> {
  const items = new Array<T>(count);
  memory.copy(items.dataStart, at, count * sizeof<T>());
  return items;
}
