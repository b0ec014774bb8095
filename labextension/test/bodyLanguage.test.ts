import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cpp } from '@codemirror/lang-cpp';
import { rust } from '@codemirror/lang-rust';
import { wast } from '@codemirror/lang-wast';
import { LanguageSupport, StreamLanguage, ensureSyntaxTree } from '@codemirror/language';
import { go } from '@codemirror/legacy-modes/mode/go';
import { EditorState } from '@codemirror/state';
import { type Input, type Tree, TreeFragment } from '@lezer/common';

import { BodyInput, BodyParser, bodyLanguage } from '../src/bodyLanguage.js';

/** Hands out pieces that end in the middle of lines, as a parser may ask for them. */
class Pieces implements Input {
  readonly lineChunks = false;

  constructor(
    private readonly text: string,
    private readonly size: number
  ) {}

  get length(): number {
    return this.text.length;
  }

  chunk(from: number): string {
    return this.text.slice(from, from + this.size);
  }

  read(from: number, to: number): string {
    return this.text.slice(from, to);
  }
}

function nodes(tree: Tree): { name: string; from: number; to: number }[] {
  const found: { name: string; from: number; to: number }[] = [];
  tree.iterate({
    enter: node => {
      found.push({ name: node.name, from: node.from, to: node.to });
    }
  });
  return found;
}

const bodies = [
  {
    name: 'rust',
    support: rust(),
    body: 'fn main() { println!("%%ssvm"); }\n'
  },
  {
    name: 'c',
    support: cpp(),
    body: '#include <stdio.h>\nint main(void) { return 0; }\n'
  },
  {
    name: 'wat',
    support: wast(),
    body: '(module (func (export "_start")))\n'
  },
  {
    name: 'go',
    support: new LanguageSupport(StreamLanguage.define(go)),
    body: 'package main\n\nfunc main() { println("x") }\n'
  }
];

for (const { name, support, body } of bodies) {
  const magic = `\n%%ssvm ${name} --allow-command "it's 'odd { (" -- /* "\n`;
  const blank = magic.replace(/[^\n]/g, ' ');

  test(`${name}: the tree is that of the body, each node where it stands in the cell`, () => {
    const plain = nodes(support.language.parser.parse(blank + body));
    const cell = nodes(new BodyParser(support.language.parser).parse(magic + body));
    assert.deepEqual(cell, plain);
    assert.ok(cell.length > 3);
    assert.ok(cell.every(node => node.name !== '⚠'));
    // The language alone, on the same text, stumbles over the magic line: this test can fail.
    assert.notDeepEqual(nodes(support.language.parser.parse(magic + body)), plain);
  });

  test(`${name}: so it is in an editor's state, while it is edited`, () => {
    let state = EditorState.create({ doc: magic + body, extensions: bodyLanguage(support) });
    assert.ok(ensureSyntaxTree(state, state.doc.length, 5_000));
    state = state.update({ changes: { from: magic.length - 1, insert: ' "more' } }).state;
    state = state.update({ changes: { from: state.doc.length, insert: body } }).state;
    const tree = ensureSyntaxTree(state, state.doc.length, 5_000);
    assert.ok(tree);
    const text = state.doc.toString();
    const expected = support.language.parser.parse(
      text.replace(/^\n.*\n/, head => head.replace(/[^\n]/g, ' '))
    );
    assert.deepEqual(nodes(tree), nodes(expected));
  });

  test(`${name}: comments are those of the language`, () => {
    const state = EditorState.create({ doc: magic + body, extensions: bodyLanguage(support) });
    ensureSyntaxTree(state, state.doc.length, 5_000);
    const plain = EditorState.create({ doc: body, extensions: support });
    ensureSyntaxTree(plain, plain.doc.length, 5_000);
    const [tokens] = state.languageDataAt<{ line?: string }>('commentTokens', state.doc.length - 2);
    assert.ok(tokens?.line);
    assert.deepEqual(tokens, plain.languageDataAt('commentTokens', plain.doc.length - 2)[0]);
  });
}

test('each piece of a document is blanked up to the end of its magic line, and keeps its length', () => {
  const text = '\n%%ssvm rust --name ab\n%%ssvm c\nfn main() {}\n';
  const expected = '\n' + ' '.repeat(21) + '\n%%ssvm c\nfn main() {}\n';
  for (const size of [1, 2, 7, 22, 23, 1000]) {
    const input = new BodyInput(new Pieces(text, size));
    assert.equal(input.length, text.length);
    for (let from = 0; from < text.length; from++) {
      assert.equal(input.chunk(from), expected.slice(from, from + size));
      assert.equal(input.read(from, from + size), expected.slice(from, from + size));
    }
  }
});

test('a magic line of any length is blanked to its end', () => {
  const magic = `%%ssvm rust ${'--allow-command "git status" '.repeat(500)}`;
  const input = new BodyInput(new Pieces(`${magic}\nfn main() {}`, 100));
  assert.equal(input.read(0, input.length), `${' '.repeat(magic.length)}\nfn main() {}`);
});

test('a document without a magic line is handed on as it is', () => {
  const text = '%%html\n<p>text</p>';
  assert.equal(new BodyInput(new Pieces(text, 100)).read(0, text.length), text);
});

test('parts of an earlier tree are used again', () => {
  const parser = new BodyParser(rust().language.parser);
  const magic = '%%ssvm rust "\n';
  const body = 'fn main() { let x = 1; }\n'.repeat(50);
  const tree = parser.parse(magic + body);
  const changed = TreeFragment.applyChanges(TreeFragment.addTree(tree), [
    { fromA: 11, toA: 11, fromB: 11, toB: 13 }
  ]);
  const text = magic.slice(0, 11) + ' y' + magic.slice(11) + body;
  assert.deepEqual(nodes(parser.parse(text, changed)), nodes(parser.parse(text)));
});

test('one language gives one body language, so that an editor need not parse anew', () => {
  const support = rust();
  assert.equal(bodyLanguage(support), bodyLanguage(support));
  assert.notEqual(bodyLanguage(support), bodyLanguage(rust()));
});
