import { Compartment, Prec, type Extension } from '@codemirror/state';
import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';

import { bodyLanguage } from './bodyLanguage.js';
import { mimeTypeOf } from './languages.js';
import { readMagicLine, type ReadHead } from './magicLine.js';
import { headMark } from './magicLineMark.js';

/** How much of a cell is read to find its language. */
const HEAD = 2048;

/** What a cell is now: how its head is read, and the language that its body is in; null for what is no guest. */
export interface CellKind {
  readonly read: ReadHead;
  language(head: string): string | undefined;
}

/** A cell of a Python notebook: a guest where its first line says so. */
export const MAGIC_CELL: CellKind = {
  read: readMagicLine,
  language: head => readMagicLine(head)?.language
};

/** Loads languages by MIME type; the part of JupyterLab's registry that is used here. */
export type Languages = Pick<IEditorLanguageRegistry, 'getLanguage'>;

/**
 * An editor extension that highlights the body of a guest's cell in the guest's language, and follows the lines above it
 * as they are edited.
 *
 * The editor's own language stays where it is.  While the cell is a guest, a language with the highest precedence lies
 * above it; nothing in the notebook's model is changed.
 *
 * @param languages - Where languages come from; they are loaded when first needed.
 * @param kind - What the cell is now; text that shows a magic in Markdown is left alone.
 */
export function cellMagic(
  languages: Languages,
  kind: () => CellKind | null = () => MAGIC_CELL
): Extension {
  const slot = new Compartment();

  class Follower {
    constructor(private readonly view: EditorView) {
      void this.follow();
    }

    update(update: ViewUpdate): void {
      // JupyterLab gives the editor another language when it learns what the kernel is; and `%lang` in a cell above
      // may have changed when this one is looked at.
      const again = update.focusChanged || update.viewportChanged;
      if (update.docChanged || again || update.transactions.some(one => one.reconfigured)) {
        void this.follow();
      }
    }

    destroy(): void {
      this.mimeType = undefined;
      this.destroyed = true;
    }

    private async follow(): Promise<void> {
      const now = kind();
      const language = now?.language(this.view.state.sliceDoc(0, HEAD));
      const mimeType = language === undefined ? undefined : mimeTypeOf(language);
      if (mimeType === this.mimeType && now?.read === this.read) {
        return;
      }
      this.mimeType = mimeType;
      this.read = now?.read;
      const extension = await load(languages, mimeType, now?.read);
      // An editor takes no change while it is updating; after the wait it may be gone, or want another language.
      if (!this.destroyed && this.mimeType === mimeType && this.read === now?.read) {
        this.view.dispatch({ effects: slot.reconfigure(extension) });
      }
    }

    private destroyed = false;
    private mimeType: string | undefined = undefined;
    private read: ReadHead | undefined = MAGIC_CELL.read;
  }

  return [Prec.highest(slot.of([])), ViewPlugin.fromClass(Follower)];
}

async function load(
  languages: Languages,
  mimeType: string | undefined,
  read: ReadHead | undefined
): Promise<Extension> {
  if (mimeType === undefined || read === undefined) {
    return [];
  }
  try {
    const support = (await languages.getLanguage(mimeType))?.support;
    return support ? [Prec.highest(bodyLanguage(support, read)), headMark(read)] : [];
  } catch (error) {
    // Colours are not worth more than a line in the console: a chunk of JupyterLab's could not be fetched.
    console.warn(`ssvm-kernel: no highlighting for ${mimeType}`, error);
    return [];
  }
}
