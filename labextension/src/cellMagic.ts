import { Compartment, Prec, type Extension } from '@codemirror/state';
import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';

import { bodyLanguage } from './bodyLanguage.js';
import { mimeTypeOf } from './languages.js';
import { readMagicLine } from './magicLine.js';
import { magicLineMark } from './magicLineMark.js';

/** How much of a cell is read to find its language. */
const HEAD = 256;

/** Loads languages by MIME type; the part of JupyterLab's registry that is used here. */
export type Languages = Pick<IEditorLanguageRegistry, 'getLanguage'>;

/**
 * An editor extension that highlights the body of a `%%ssvm LANG` cell as LANG, and follows the magic line as it is
 * edited.
 *
 * The editor's own language stays where it is.  While the magic line names a language, one with the highest precedence
 * lies above it; nothing in the notebook's model is changed.
 *
 * @param languages - Where languages come from; they are loaded when first needed.
 * @param inCode - Whether the editor holds code now; text that shows a magic in Markdown is left alone.
 */
export function cellMagic(languages: Languages, inCode: () => boolean = () => true): Extension {
  const slot = new Compartment();

  class Follower {
    constructor(private readonly view: EditorView) {
      void this.follow();
    }

    update(update: ViewUpdate): void {
      if (update.docChanged) {
        void this.follow();
      }
    }

    destroy(): void {
      this.mimeType = undefined;
      this.destroyed = true;
    }

    private async follow(): Promise<void> {
      const magic = inCode() ? readMagicLine(this.view.state.sliceDoc(0, HEAD)) : null;
      const mimeType = magic === null ? undefined : mimeTypeOf(magic.language);
      if (mimeType === this.mimeType) {
        return;
      }
      this.mimeType = mimeType;
      const extension = await load(languages, mimeType);
      // An editor takes no change while it is updating; after the wait it may be gone, or want another language.
      if (!this.destroyed && this.mimeType === mimeType) {
        this.view.dispatch({ effects: slot.reconfigure(extension) });
      }
    }

    private destroyed = false;
    private mimeType: string | undefined = undefined;
  }

  return [Prec.highest(slot.of([])), ViewPlugin.fromClass(Follower)];
}

async function load(languages: Languages, mimeType: string | undefined): Promise<Extension> {
  if (mimeType === undefined) {
    return [];
  }
  try {
    const support = (await languages.getLanguage(mimeType))?.support;
    return support ? [Prec.highest(bodyLanguage(support)), magicLineMark] : [];
  } catch (error) {
    // Colours are not worth more than a line in the console: a chunk of JupyterLab's could not be fetched.
    console.warn(`ssvm-kernel: no highlighting for ${mimeType}`, error);
    return [];
  }
}
