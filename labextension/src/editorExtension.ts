import { LanguageSupport, StreamLanguage } from '@codemirror/language';
import {
  EditorExtensionRegistry,
  type IEditorExtensionFactory,
  type IEditorLanguage
} from '@jupyterlab/codemirror';

import { cellMagic, MAGIC_CELL, type CellKind, type Languages } from './cellMagic.js';
import {
  KERNEL_MIME_TYPE,
  notebookLanguage,
  readKernelHead,
  type CellModel
} from './kernelCell.js';

/**
 * The language of the SSVM kernel, as JupyterLab's registry must know it to give its cells a MIME type of their own.
 *
 * It says nothing of the text: what a cell is in is found by `cellMagic`.
 */
export const KERNEL_LANGUAGE: IEditorLanguage = Object.freeze({
  name: 'ssvm',
  displayName: 'SSVM',
  mime: KERNEL_MIME_TYPE,
  extensions: ['ssvm'],
  load: () =>
    Promise.resolve(
      new LanguageSupport(
        StreamLanguage.define({
          token: stream => {
            stream.skipToEnd();
            return null;
          }
        })
      )
    )
});

/**
 * The extension for JupyterLab's registry, which shows it as a switch among the editor's settings.
 *
 * @param languages - JupyterLab's registry of languages.
 */
export function cellMagicFactory(languages: Languages): IEditorExtensionFactory<boolean> {
  return Object.freeze({
    name: 'ssvmCellMagic',
    default: true,
    schema: {
      type: 'boolean',
      title: 'Highlight guests',
      description:
        'Highlight the body of a %%ssvm cell, or a cell of the SSVM kernel, in its own language.'
    },
    factory: options =>
      EditorExtensionRegistry.createConditionalExtension(
        cellMagic(languages, kindOf(options.model))
      )
  } satisfies IEditorExtensionFactory<boolean>);
}

function kindOf(model: CellModel & { readonly mimeType: string }): () => CellKind | null {
  const kernelCell: CellKind = {
    read: readKernelHead,
    language: head => readKernelHead(head).language || notebookLanguage(model)
  };
  return () => {
    if (model.mimeType === KERNEL_MIME_TYPE) {
      return kernelCell;
    }
    return /markdown|gfm/.test(model.mimeType) ? null : MAGIC_CELL;
  };
}
