import './dom.js';

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

import { python } from '@codemirror/lang-python';
import { cpp } from '@codemirror/lang-cpp';
import { rust } from '@codemirror/lang-rust';
import { type LanguageSupport, ensureSyntaxTree, language } from '@codemirror/language';
import { StateEffect } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

import { cellMagic, MAGIC_CELL, type CellKind, type Languages } from '../src/cellMagic.js';
import { isOfGuests, notebookLanguage, readKernelHead } from '../src/kernelCell.js';

const supports: Record<string, LanguageSupport> = {
  'text/x-rustsrc': rust(),
  'text/x-csrc': cpp()
};
const registry: Languages = {
  getLanguage: mimeType => {
    const support = supports[mimeType];
    return Promise.resolve(support ? { support } : null);
  }
};

const views: EditorView[] = [];

afterEach(() => {
  mock.restoreAll();
  for (const view of views.splice(0)) {
    view.destroy();
  }
});

function editor(
  doc: string,
  languages = registry,
  kind: () => CellKind | null = () => MAGIC_CELL
): EditorView {
  // As in a notebook: the editor's own language is there first, with ordinary precedence.
  const view = new EditorView({
    doc,
    extensions: [python(), cellMagic(languages, kind)],
    parent: document.body
  });
  views.push(view);
  return view;
}

async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 5));
}

function languageOf(view: EditorView): string | undefined {
  return view.state.facet(language)?.name;
}

function setFirstLine(view: EditorView, line: string): void {
  view.dispatch({ changes: { from: 0, to: view.state.doc.line(1).to, insert: line } });
}

test('the body of a cell is parsed as its language', async () => {
  const view = editor('%%ssvm rust\nfn main() { let x = 1; }');
  await settled();
  assert.equal(languageOf(view), 'rust');
  const tree = ensureSyntaxTree(view.state, view.state.doc.length, 5_000);
  assert.equal(tree?.topNode.name, 'SourceFile');
  assert.equal(tree.topNode.firstChild?.name, 'FunctionItem');
});

test('other cells keep their language', async () => {
  for (const doc of ['print("x")', '%%html\n<p></p>', '%%ssvm cobol\nx', '%%ssvm --help', '']) {
    const view = editor(doc);
    await settled();
    assert.equal(languageOf(view), 'python', doc);
  }
});

test('the language follows the magic line as it is edited', async () => {
  const view = editor('print("x")\nint x;');
  await settled();
  for (const [line, name] of [
    ['%%ssvm rust', 'rust'],
    ['%%ssvm c', 'cpp'],
    ['%%ssvm c --opt 2', 'cpp'],
    ['%%ssvm --help', 'python'],
    ['%%ssvm rust', 'rust'],
    ['%%time', 'python']
  ] as const) {
    setFirstLine(view, line);
    await settled();
    assert.equal(languageOf(view), name, line);
  }
});

test('of two languages asked for in a row the last one stays, even if it was loaded first', async () => {
  const slow: Languages = {
    getLanguage: async mimeType => {
      await new Promise(resolve => setTimeout(resolve, mimeType === 'text/x-rustsrc' ? 30 : 1));
      return registry.getLanguage(mimeType);
    }
  };
  const view = editor('%%ssvm rust', slow);
  setFirstLine(view, '%%ssvm c');
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.equal(languageOf(view), 'cpp');
});

test('the magic line has a class of its own, which goes with it', async () => {
  const view = editor('\n%%ssvm rust\nfn main() {}');
  await settled();
  const marked = (): (string | null)[] =>
    Array.from(view.dom.querySelectorAll('.ssvm-magicLine'), line => line.textContent);
  assert.deepEqual(marked(), ['%%ssvm rust']);
  view.dispatch({ changes: { from: 1, to: 12, insert: '# none' } });
  await settled();
  assert.deepEqual(marked(), []);
});

test('Markdown that shows a magic is left alone', async () => {
  const view = editor('%%ssvm rust\nfn main() {}', registry, () => null);
  await settled();
  assert.equal(languageOf(view), 'python');
});

test('an editor that is gone before its language came is left alone', async () => {
  const view = editor('%%ssvm rust');
  const dispatch = mock.method(view, 'dispatch');
  view.destroy();
  await settled();
  assert.equal(dispatch.mock.callCount(), 0);
});

test('a language that cannot be loaded costs the colours and nothing else', async () => {
  const warned = mock.method(console, 'warn', () => undefined);
  const view = editor('%%ssvm rust\nfn main() {}', {
    getLanguage: () => Promise.reject(new Error('chunk not found'))
  });
  await settled();
  assert.equal(languageOf(view), 'python');
  assert.equal(warned.mock.callCount(), 1);
  view.dispatch({ changes: { from: view.state.doc.length, insert: '\n' } });
  assert.equal(view.state.doc.lines, 3);
});

const KERNEL_CELL: CellKind = {
  read: readKernelHead,
  language: head => readKernelHead(head).language || 'rust'
};

test('a cell of the kernel is in the language of the notebook, or in its own', async () => {
  for (const [doc, name] of [
    ['fn main() {}', 'rust'],
    ['%lang c --opt 2\nint main(void) { return 0; }', 'cpp'],
    ['%ssvm grants\n\n%%c\nint x;', 'cpp'],
    ['%%ssvm c\nint x;', 'cpp'],
    ['%lang rust\n%%c\nint x;', 'cpp'],
    ['%%html\n<p></p>', 'python']
  ] as const) {
    const view = editor(doc, registry, () => KERNEL_CELL);
    await settled();
    assert.equal(languageOf(view), name, doc);
  }
});

test('the lines above a guest are not parsed with it', async () => {
  const view = editor(
    "%lang rust --name it's\n%ssvm grants\nfn main() {}",
    registry,
    () => KERNEL_CELL
  );
  await settled();
  const tree = ensureSyntaxTree(view.state, view.state.doc.length, 5_000);
  assert.equal(tree?.topNode.firstChild?.name, 'FunctionItem');
  assert.equal(view.dom.querySelectorAll('.ssvm-magicLine').length, 2);
});

test('a cell becomes one of the kernel when JupyterLab learns what the kernel is', async () => {
  let kind: CellKind = MAGIC_CELL;
  const view = editor('int main(void) { return 0; }', registry, () => kind);
  await settled();
  assert.equal(languageOf(view), 'python');
  kind = { read: readKernelHead, language: () => 'c' };
  view.dispatch({ effects: StateEffect.appendConfig.of([]) });
  await settled();
  assert.equal(languageOf(view), 'cpp');
});

test('the notebook is in the language of the last %lang above', () => {
  const cell = (source: string, cell_type = 'code') => ({ cell_type, getSource: () => source });
  const above = [
    cell('%lang C --opt 2\n%ssvm grants'),
    cell('%lang go', 'markdown'),
    cell('text = """\n%lang zig\n"""'),
    cell('fn main() {}')
  ];
  for (const [cells, name, told] of [
    [above, 'c', { guests: 'zig' }],
    [[cell('%ssvm grants')], 'rust', { name: 'ssvm' }],
    [[cell('%ssvm grants')], 'wat', { guests: 'WAT' }],
    [[], 'rust', { guests: ['wat'] }],
    [[], 'rust', undefined],
    [[...above, cell('%lang zig\n%lang wat')], 'wat', undefined]
  ] as const) {
    const own = cell('');
    const sharedModel = Object.assign(own, {
      notebook: {
        cells: [...cells, own, cell('%lang c')],
        getMetadata: (key: string) => (key === 'language_info' ? told : null)
      }
    });
    assert.equal(notebookLanguage({ sharedModel }), name);
  }
  assert.equal(notebookLanguage({}), 'rust');
});

test('a notebook of guests is known by what its kernel told, whatever its name', () => {
  const notebook = (info: unknown): object => ({
    getMetadata: (key: string) => (key === 'language_info' ? info : undefined)
  });
  assert.equal(isOfGuests(notebook({ name: 'ssvm', guests: 'c' })), true);
  assert.equal(isOfGuests(notebook({ name: 'python' })), false);
  for (const nothing of [null, undefined, {}, notebook(undefined), notebook(null)]) {
    assert.equal(isOfGuests(nothing), false);
  }
});
