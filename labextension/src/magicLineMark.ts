import { RangeSet, type Extension, type Range } from '@codemirror/state';
import { Decoration, EditorView } from '@codemirror/view';

import type { ReadHead } from './magicLine.js';

const mark = Decoration.line({ class: 'ssvm-magicLine' });

/** Gives the lines of a cell's head a class of their own, because the body's language sees only blanks there. */
export function headMark(read: ReadHead): Extension {
  return EditorView.decorations.compute(['doc'], state => {
    const head = read(state.sliceDoc(0, 4096));
    const marks: Range<Decoration>[] = [];
    if (head !== null && head.to > 0) {
      for (let at = head.from; at <= head.to;) {
        const line = state.doc.lineAt(at);
        if (line.text.trim() !== '') {
          marks.push(mark.range(line.from));
        }
        at = line.to + 1;
      }
    }
    return RangeSet.of(marks);
  });
}
