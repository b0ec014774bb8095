import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry, type ISettings } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import { Asking } from './asking.js';
import { ILinks, Links } from './links.js';
import { Panel } from './panel.js';
import { StatusItem } from './status.js';
import { words } from './words.js';

/** Call `use` with a part's settings now and whenever they change; without a registry, with nothing. */
export async function follow(
  settings: ISettingRegistry | null,
  plugin: string,
  use: (values: Readonly<Record<string, unknown>>) => void
): Promise<void> {
  let loaded: ISettings | undefined;
  try {
    loaded = await settings?.load(plugin);
  } catch (error) {
    console.warn(`ssvm-kernel: no settings of ${plugin}`, error);
  }
  use(loaded?.composite ?? {});
  loaded?.changed.connect(({ composite }) => {
    use(composite);
  });
}

const links: JupyterFrontEndPlugin<Links> = {
  id: 'ssvm-kernel:links',
  description: 'The links between open notebooks and the guests of their kernels.',
  autoStart: true,
  requires: [INotebookTracker],
  provides: ILinks,
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker) => new Links(tracker)
};

const IAsking = new Token<Asking>('ssvm-kernel:IAsking', 'Shows the questions of guests');
const SHOW_QUESTION = 'ssvm:show-question';
const SHOW_PANEL = 'ssvm:show-panel';
const NO_ARGUMENTS = { args: { type: 'object', properties: {} } };

/** Asks in a dialog of the window; its command shows the open question and takes no arguments (attack U10). */
const prompts: JupyterFrontEndPlugin<Asking> = {
  id: 'ssvm-kernel:prompts',
  description: 'Asks in a dialog whether a guest may run a program.',
  autoStart: true,
  requires: [ILinks],
  optional: [ITranslator, ISettingRegistry, ICommandPalette],
  provides: IAsking,
  activate: (
    app: JupyterFrontEnd,
    all: Links,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const trans = words(translator);
    const asking = new Asking(all, trans);
    void follow(settings, prompts.id, values => {
      asking.on = values.dialog !== false;
    });
    app.commands.addCommand(SHOW_QUESTION, {
      label: trans.__('Show the question of a guest that waits'),
      describedBy: NO_ARGUMENTS,
      execute: () => {
        asking.show();
      }
    });
    palette?.addItem({ command: SHOW_QUESTION, category: 'SSVM' });
    return asking;
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'ssvm-kernel:panel',
  description: 'Shows the grants in force and the ledger, and takes grants back.',
  autoStart: true,
  requires: [ILinks],
  optional: [IAsking, ITranslator, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    all: Links,
    asking: Asking | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const trans = words(translator);
    let ledgerLines = 200;
    void follow(settings, panel.id, values => {
      ledgerLines = Number(values.ledgerLines ?? ledgerLines);
    });
    const showQuestion = asking === null ? null : asking.show.bind(asking);
    app.shell.add(new Panel(all, trans, () => ({ ledgerLines }), showQuestion), 'right', {
      rank: 900
    });
    app.commands.addCommand(SHOW_PANEL, {
      label: trans.__('Show the grants and the ledger'),
      describedBy: NO_ARGUMENTS,
      execute: () => {
        app.shell.activateById(Panel.ID);
      }
    });
    palette?.addItem({ command: SHOW_PANEL, category: 'SSVM' });
  }
};

const status: JupyterFrontEndPlugin<void> = {
  id: 'ssvm-kernel:status',
  description: 'Counts requests that wait and grants in force in the status bar.',
  autoStart: true,
  requires: [ILinks],
  optional: [IStatusBar, IAsking, ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    all: Links,
    bar: IStatusBar | null,
    asking: Asking | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null
  ) => {
    if (bar === null) {
      return; // Notebook 7 has none.
    }
    const item = new StatusItem(all, words(translator), () => {
      if (asking !== null && all.all.some(link => link.question !== null)) {
        asking.show();
      } else {
        void app.commands.execute(SHOW_PANEL).catch(() => undefined);
      }
    });
    void follow(settings, status.id, values => {
      item.node.classList.toggle('ssvm-status-off', values.show === false);
    });
    bar.registerStatusItem(status.id, {
      item,
      align: 'left',
      rank: 50,
      isActive: () => item.hasNews
    });
  }
};

export const guestPlugins = [links, prompts, panel, status];
