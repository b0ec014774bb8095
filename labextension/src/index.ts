import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';

import { cellMagicFactory, KERNEL_LANGUAGE } from './editorExtension.js';
import { FOLD_MIME, FoldRenderer } from './fold.js';
import { follow, guestPlugins } from './plugins.js';
import { MIME, ReportRenderer } from './report.js';
import { viewer } from './viewer.js';
import { words } from './words.js';

/** Highlights the body of a `%%ssvm LANG` cell, and cells of the SSVM kernel, in their own language. */
const highlight: JupyterFrontEndPlugin<void> = {
  id: 'ssvm-kernel:highlight',
  description: 'Highlights guests in cells in their own language.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  activate: (
    _app: JupyterFrontEnd,
    extensions: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry
  ) => {
    languages.addLanguage(KERNEL_LANGUAGE);
    extensions.addExtension(cellMagicFactory(languages));
  }
};

/** Renders the report that closes a run, and what stands folded before it: commands, what a guest can ask for. */
const report: JupyterFrontEndPlugin<void> = {
  id: 'ssvm-kernel:report',
  description: 'Shows the report of a run.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator, ISettingRegistry],
  activate: (
    _app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    translator: ITranslator | null,
    settings: ISettingRegistry | null
  ) => {
    const trans = words(translator);
    let open = false;
    void follow(settings, report.id, values => {
      open = values.open === true;
    });
    registry.addFactory(
      {
        safe: true,
        mimeTypes: [MIME],
        createRenderer: () => new ReportRenderer(() => open, trans)
      },
      0
    );
    registry.addFactory(
      { safe: true, mimeTypes: [FOLD_MIME], createRenderer: () => new FoldRenderer() },
      0
    );
  }
};

export default [highlight, ...guestPlugins, viewer, report];
