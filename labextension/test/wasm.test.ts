import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cellFor, relative } from '../src/wasm/cellText.js';
import { manifestOf } from '../src/wasm/manifest.js';
import { readModule } from '../src/wasm/module.js';
import { Malformed } from '../src/wasm/reader.js';
import { visible, visibleLines } from '../src/wasm/visible.js';
import { textOf } from '../src/wasm/wat.js';

const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

function bytes(text: string): number[] {
  const encoded = [...new TextEncoder().encode(text)];
  return [encoded.length, ...encoded];
}

function section(id: number, ...body: number[]): number[] {
  return [id, body.length, ...body];
}

const NAMES = [
  ...bytes('name'),
  ...section(0, ...bytes('demo')),
  ...section(1, 2, 1, ...bytes('add one'), 0, ...bytes('fd_write'))
];

/** Imports fd_write, exports "add" and a memory of 1 to 2 pages, and names what it has. */
const MODULE = Uint8Array.from([
  ...HEAD,
  ...section(1, 2, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7e, 2, 0x7d, 0x7c),
  ...section(2, 1, ...bytes('wasi_snapshot_preview1'), ...bytes('fd_write'), 0, 0),
  ...section(3, 1, 1),
  ...section(5, 1, 1, 1, 2),
  ...section(7, 2, ...bytes('add'), 0, 1, ...bytes('memory'), 2, 0),
  ...section(10, 1, 3, 0, 0, 0x0b),
  ...section(0, ...NAMES)
]);

function importing(module: string, name: string): Uint8Array {
  const types = section(1, 1, 0x60, 0, 1, 0x7f);
  return Uint8Array.from([
    ...HEAD,
    ...types,
    ...section(2, 1, ...bytes(module), ...bytes(name), 0, 0)
  ]);
}

test('imports, exports, sections and names are read', () => {
  const module = readModule(MODULE);
  const type = '(i32, i32, i32, i32) -> (i32)';
  assert.deepEqual(module.imports, [
    { module: 'wasi_snapshot_preview1', name: 'fd_write', kind: 'function', type }
  ]);
  assert.deepEqual(module.exports, [
    { module: '', name: 'add', kind: 'function', type: '(i64) -> (f32, f64)' },
    { module: '', name: 'memory', kind: 'memory', type: '1 to 2' }
  ]);
  assert.equal(module.name, 'demo');
  assert.deepEqual(module.functions, [
    [1, 'add one'],
    [0, 'fd_write']
  ]);
  assert.deepEqual(
    module.sections.map(({ name, items }) => [name, items]),
    [
      ['types', 2],
      ['imports', 1],
      ['functions', 1],
      ['memories', 1],
      ['exports', 2],
      ['code', 1],
      ['custom name', -1]
    ]
  );
});

test('a manifest says what can be asked for and what is impossible', () => {
  const { can, cannot, unknown, entry } = manifestOf(readModule(MODULE));
  assert.deepEqual(unknown, []);
  assert.deepEqual(can, ['print (it imports fd_write)']);
  assert.ok(cannot.some(line => line.startsWith('run host commands')));
  assert.equal(entry, 'library');
  const process = readModule(importing('ssvm_process', 'ssvm_process_set_timeout'));
  // Its type is not what the interface says.
  assert.match(
    manifestOf(process).unknown[0] ?? '',
    /ssvm_process_set_timeout: it has the type \(\) -> \(i32\)/
  );
  const run = readModule(importing('ssvm_process', 'ssvm_process_run'));
  assert.match(manifestOf(run).can[0] ?? '', /^run host commands that you allow/);
});

test('what no host function answers is named', () => {
  const unknown = (data: Uint8Array): string => manifestOf(readModule(data)).unknown[0] ?? '';
  const memory = Uint8Array.from([
    ...HEAD,
    ...section(2, 1, ...bytes('env'), ...bytes('m'), 2, 0, 1)
  ]);
  assert.equal(unknown(memory), 'env.m: this host offers no memory, only functions');
});

test('functions of JavaScript are no reason not to start, as for the kernel', () => {
  for (const module of ['wbg', '__wbindgen_placeholder__', './guest_bg.js']) {
    assert.deepEqual(manifestOf(readModule(importing(module, 'f'))).unknown, []);
  }
  assert.match(
    manifestOf(readModule(importing('env', 'f'))).unknown[0] ?? '',
    /^env\.f: this host has no module of that name/
  );
});

test('a binary that is cut off anywhere is refused, not believed', () => {
  for (let size = 0; size < MODULE.length; size += 1) {
    try {
      readModule(MODULE.slice(0, size)); // some cuts fall between two sections
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error));
    }
  }
  assert.throws(() => readModule(Uint8Array.from([...HEAD.slice(0, 7)])), Malformed);
  // A list that says it is longer than the file must not be made.
  assert.throws(
    () => readModule(Uint8Array.from([...HEAD, ...section(2, 0xff, 0xff, 0xff, 0xff, 0x0f)])),
    Malformed
  );
  assert.equal(readModule(Uint8Array.from([...HEAD.slice(0, 4), 0x0d, 0, 1, 0])).kind, 'component');
});

test('code is shown as text, with the names of its functions', () => {
  const { text, cut } = textOf(MODULE, [[1, 'add one\u202e']]);
  assert.equal(cut, false);
  assert.match(text, /^\(module/);
  assert.match(text, /\(func \$add_one_ \(;1;\)/);
});

test('what does not show is written as an escape', () => {
  assert.equal(visible('a\u202eb\n\x1b'), 'a\\u{202e}b\\u{a}\\u{1b}');
  assert.equal(visibleLines('a\n\u200bb'), 'a\n\\u{200b}b');
  assert.equal(visible('x'.repeat(50), 10), 'xxxxx…(40 characters)…xxxxx');
});

test('a cell that runs a module', () => {
  assert.equal(relative('a/b/m.wasm', 'a/c/n.ipynb'), '../b/m.wasm');
  assert.equal(relative('m.wasm', 'n.ipynb'), 'm.wasm');
  assert.equal(relative('a/a/m.wasm', 'a/n.ipynb'), 'a/m.wasm');
  assert.equal(
    cellFor('b/m.wasm', false),
    '%load_ext ssvm_kernel\n%ssvm load b/m.wasm\n%ssvm run m'
  );
  assert.equal(
    cellFor("it's $(touch x).wasm", true),
    `%ssvm load 'it'"'"'s $(touch x).wasm' --name module\n%ssvm run module`
  );
  assert.equal(
    cellFor('--help.wasm', true),
    '%ssvm load ./--help.wasm --name module\n%ssvm run module'
  );
  assert.equal(cellFor('a\n%ssvm run evil.wasm', true), null);
});
