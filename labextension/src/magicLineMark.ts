import { RangeSet, type Extension } from '@codemirror/state';
import { Decoration, EditorView } from '@codemirror/view';

import { readMagicLine } from './magicLine.js';

const mark = Decoration.line({ class: 'ssvm-magicLine' });

/** Gives the magic line a class of its own, because the body's language sees only blanks there. */
export const magicLineMark: Extension = EditorView.decorations.compute(['doc'], state => {
  const magic = readMagicLine(state.sliceDoc(0, 256));
  return magic === null
    ? Decoration.none
    : RangeSet.of(mark.range(state.doc.lineAt(magic.from).from));
});
