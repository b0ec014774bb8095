import { BinaryReader, DefaultNameResolver, WasmDisassembler } from 'wasmparser';

import { visibleLines } from './visible.js';

/** How much of a module is put into words: a page is slow with more, and nobody reads it. */
const MOST_BYTES = 400_000;

/**
 * The text form of a module.
 *
 * @param names - Names of functions, by index.
 * @returns The text, and whether it is only the beginning.
 */
export function textOf(
  data: Uint8Array,
  names: readonly (readonly [number, string])[]
): { text: string; cut: boolean } {
  const disassembler = new WasmDisassembler();
  disassembler.nameResolver = new Names(new Map(names));
  const cut = data.length > MOST_BYTES;
  const reader = new BinaryReader();
  reader.setData(data.slice().buffer, 0, Math.min(data.length, MOST_BYTES), !cut);
  disassembler.disassembleChunk(reader);
  const text = disassembler.getResult().lines.join('\n');
  return { text: visibleLines(text), cut };
}

/** Names of functions where the module has them; what an identifier cannot hold is an underscore. */
class Names extends DefaultNameResolver {
  constructor(private readonly functions: ReadonlyMap<number, string>) {
    super();
  }

  override getFunctionName(index: number, isImport: boolean, isRef: boolean): string {
    const name = this.functions.get(index)?.replace(/[^\w!#$%&'*+./:<=>?@\\^`|~-]/g, '_');
    if (name === undefined || name === '') {
      return super.getFunctionName(index, isImport, isRef);
    }
    return isRef ? `$${name}` : `$${name} (;${String(index)};)`;
  }
}
