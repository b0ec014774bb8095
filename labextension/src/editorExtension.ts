import { EditorExtensionRegistry, type IEditorExtensionFactory } from '@jupyterlab/codemirror';

import { cellMagic, type Languages } from './cellMagic.js';

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
      title: 'Highlight %%ssvm cells',
      description: 'Highlight the body of a %%ssvm cell in its own language.'
    },
    factory: options =>
      EditorExtensionRegistry.createConditionalExtension(
        cellMagic(languages, () => !/markdown|gfm/.test(options.model.mimeType))
      )
  } satisfies IEditorExtensionFactory<boolean>);
}
