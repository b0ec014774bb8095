import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ABCWidgetFactory, DocumentWidget, type DocumentContext } from '@jupyterlab/docregistry';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, type TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { isOfGuests } from './kernelCell.js';
import { cellFor, relative } from './wasm/cellText.js';
import { words } from './words.js';

const FILE_TYPE = 'ssvm-wasm';

/** The document of a module; what shows it is loaded with the first one. */
class ModuleContent extends Widget {
  constructor(
    context: DocumentContext,
    private readonly trans: TranslationBundle,
    private readonly insertCell: (path: string) => string
  ) {
    super();
    this.addClass('ssvm-viewer');
    this.node.tabIndex = -1;
    void context.ready.then(() => {
      context.model.contentChanged.connect(() => {
        void this.render(context);
      });
      return this.render(context);
    });
  }

  private async render(context: DocumentContext): Promise<void> {
    const { showModule } = await import('./wasm/view.js');
    if (this.isDisposed) {
      return;
    }
    const data = Uint8Array.from(atob(context.model.toString()), text => text.charCodeAt(0));
    const insertCell = (): string => this.insertCell(context.path);
    this.node.replaceChildren(
      showModule({ path: context.path, data, trans: this.trans, insertCell })
    );
  }
}

class ModuleFactory extends ABCWidgetFactory<DocumentWidget<ModuleContent>> {
  constructor(
    private readonly trans: TranslationBundle,
    private readonly insertCell: (path: string) => string
  ) {
    super({
      name: 'SSVM module',
      label: trans.__('WebAssembly module'),
      fileTypes: [FILE_TYPE],
      defaultFor: [FILE_TYPE],
      modelName: 'base64',
      readOnly: true
    });
  }

  protected override createNewWidget(context: DocumentContext): DocumentWidget<ModuleContent> {
    const content = new ModuleContent(context, this.trans, this.insertCell);
    return new DocumentWidget({ content, context });
  }
}

/** Opens `.wasm` files; shows what is in them without a kernel and without running anything. */
export const viewer: JupyterFrontEndPlugin<void> = {
  id: 'ssvm-kernel:viewer',
  description: 'Shows what a WebAssembly module can ask for, its imports, exports and code.',
  autoStart: true,
  optional: [INotebookTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = words(translator);
    app.docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: trans.__('WebAssembly module'),
      extensions: ['.wasm'],
      mimeTypes: ['application/wasm'],
      contentType: 'file',
      fileFormat: 'base64'
    });
    app.docRegistry.addFileType({
      name: 'ssvm-wat',
      displayName: trans.__('WebAssembly text'),
      extensions: ['.wat', '.wast'],
      mimeTypes: ['text/webassembly'],
      contentType: 'file',
      fileFormat: 'text'
    });
    app.docRegistry.addWidgetFactory(
      new ModuleFactory(trans, path => insertCell(notebooks, path, trans))
    );
  }
};

function insertCell(
  notebooks: INotebookTracker | null,
  path: string,
  trans: TranslationBundle
): string {
  const panel = notebooks?.currentWidget ?? null;
  const model = panel?.content.model ?? null;
  if (panel === null || model === null) {
    return trans.__('Open a notebook first.');
  }
  const { kernel } = panel.sessionContext.session ?? {};
  const loads = panel.content.widgets.some(cell =>
    /%load_ext\s+ssvm_kernel/.test(cell.model.sharedModel.getSource())
  );
  // Drives of the server (RTC:, S3: …) are no part of a path in a cell.
  const plain = (full: string): string => full.slice(full.indexOf(':') + 1);
  const text = cellFor(
    relative(plain(path), plain(panel.context.path)),
    loads || kernel?.name === 'ssvm' || isOfGuests(model.sharedModel)
  );
  if (text === null) {
    return trans.__('The name of the file cannot be written in a cell; rename it first.');
  }
  const index = panel.content.activeCellIndex + 1;
  model.sharedModel.insertCell(index, { cell_type: 'code', source: text, metadata: {} });
  return trans.__('Inserted into %1', panel.context.path);
}
