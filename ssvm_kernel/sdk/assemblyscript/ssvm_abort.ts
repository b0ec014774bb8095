// What runs when a cell fails (an assertion, a bound, an error that is thrown): the shim would exit with status 255, and
// the guest's stack would be lost. Every cell has it.

import { fd_write } from "./bindings/wasi_snapshot_preview1";

// @ts-ignore: decorator
@lazy const BUFFER = memory.data(272); // iov, the number of bytes written, and room for 64 UTF-16 units as UTF-8

function put(text: string): void {
  const bytes = BUFFER + 16;
  for (let at = 0; at < text.length; at += 64) {
    const units = min(64, text.length - at);
    const size = String.UTF8.encodeUnsafe(changetype<usize>(text) + (<usize>at << 1), units, bytes);
    store<u32>(BUFFER, bytes);
    store<u32>(BUFFER, size, 4);
    fd_write(2, BUFFER, 1, BUFFER + 8);
  }
}

export function ssvm_abort(
  message: string | null = null,
  fileName: string | null = null,
  line: u32 = 0,
  column: u32 = 0,
): void {
  put("abort: ");
  put(message !== null ? message : "without a word");
  if (fileName !== null) {
    put(" in ");
    put(fileName);
    put("(" + line.toString() + ":" + column.toString() + ")");
  }
  put("\n");
  unreachable();
}
