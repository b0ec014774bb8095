import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mimeTypeOf } from '../src/languages.js';
import { readMagicLine } from '../src/magicLine.js';

const languages: readonly (readonly [string, string | undefined])[] = [
  ['%%ssvm rust', 'rust'],
  ['%%ssvm rust\nfn main() {}', 'rust'],
  ['%%ssvm  C  --dir /data:.:ro\nint main;', 'c'],
  ['%%ssvm c++ -- guest arguments\n', 'c++'],
  ['%%ssvm\trust\r\nfn main() {}', 'rust'],
  // IPython drops empty lines and indentation before a magic.
  ['\n  \n\n%%ssvm wat\n(module)', 'wat'],
  ['  %%ssvm rust\n  fn main() {}', 'rust'],
  ['%%ssvm', undefined],
  ['%%ssvm\nrust', undefined],
  ['%%ssvm --help', undefined],
  // The word after an option may be its value.
  ['%%ssvm --name c rust', undefined],
  ['%%ssvmrust', undefined],
  ['%%ssvm-x rust', undefined],
  ['%%SSVM rust', undefined],
  ['%ssvm rust', undefined],
  ['%%html\n<p>%%ssvm rust</p>', undefined],
  ['# comment\n%%ssvm rust', undefined],
  ['x = """\n%%ssvm rust"""', undefined],
  ['', undefined]
];

for (const [text, language] of languages) {
  test(`${JSON.stringify(text)} is ${language ?? 'no cell of ours'}`, () => {
    assert.equal(readMagicLine(text)?.language, language);
  });
}

test('the magic line is given by its positions, without its line break', () => {
  const text = '\n\n %%ssvm rust --name x\nfn main() {}';
  const magic = readMagicLine(text);
  assert.ok(magic);
  assert.equal(text.slice(magic.from, magic.to), '%%ssvm rust --name x');
});

test('a long run of blank lines is read in linear time', () => {
  const started = performance.now();
  assert.equal(readMagicLine(' \n'.repeat(100_000) + 'x'), null);
  assert.ok(performance.now() - started < 5_000);
});

test('languages have a mode, under all their names', () => {
  for (const name of ['rust', 'rs', 'c', 'c++', 'cpp', 'wat', 'go', 'zig', 'assemblyscript']) {
    assert.ok(mimeTypeOf(name), name);
  }
  assert.equal(mimeTypeOf('cobol'), undefined);
  assert.equal(mimeTypeOf('constructor'), undefined);
});
