import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';

import { cellMagicFactory } from './editorExtension.js';
import { guestPlugins } from './plugins.js';

/** Highlights the body of a `%%ssvm LANG` cell in its own language. */
const highlight: JupyterFrontEndPlugin<void> = {
  id: 'ssvm-kernel:highlight',
  description: 'Highlights the body of a %%ssvm cell in its own language.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  activate: (
    _app: JupyterFrontEnd,
    extensions: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry
  ) => {
    extensions.addExtension(cellMagicFactory(languages));
  }
};

export default [highlight, ...guestPlugins];
